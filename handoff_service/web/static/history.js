// Loads earlier messages with this requester when the agent scrolls up. The page inserts them above the conversation,
// and the visible messages do not move.

const NEAR = 300; // px from the top at which the page fetches earlier messages

const scroller = document.getElementById("thread-scroll");
let fromEnd = null; // the scroll distance from the end in px while the page inserts earlier lines

export function startHistory() {
  if (!scroller) return;
  scroller.addEventListener("scroll", () => scroller.scrollTop < NEAR && ask());
  document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "earlier") fromEnd = scroller.scrollHeight - scroller.scrollTop;
  });
  document.body.addEventListener("htmx:afterSwap", stay);
}

function ask() {
  const link = document.querySelector("#earlier a:not([disabled], .htmx-request)");
  if (link) window.htmx.trigger(link, "earlier");
}

function stay() {
  if (fromEnd === null) return;
  scroller.scrollTop = scroller.scrollHeight - fromEnd;
  fromEnd = null;
  if (document.activeElement === document.body) scroller.focus({ preventScroll: true });
}
