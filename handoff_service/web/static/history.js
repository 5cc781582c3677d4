// What was said on a line before is loaded above the conversation when one scrolls up, and nothing moves while it is.

const NEAR = 300; // px from the beginning: what is before is asked for

const scroller = document.getElementById("thread-scroll");
let fromEnd = null; // how far what is being read is from the end, while earlier lines are put in

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
