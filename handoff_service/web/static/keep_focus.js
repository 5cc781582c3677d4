// Returns the focus to a button after its request. The button loses the focus because it is disabled while the request
// runs. Without this, Tab would start at the top of the page.

const ACCEPTS = ':is([data-accept], form[action$="/accept"]) button';
const pressed = new WeakMap(); // request -> the control that had the focus when it began

export function keepFocus() {
  document.addEventListener("click", ({ target, detail }) => {
    if (detail === 0 && target.closest(ACCEPTS)) sessionStorage.setItem("accepted", "by key");
  });
  document.body.addEventListener("htmx:beforeRequest", ({ detail, target }) => {
    const { activeElement } = document;
    if (activeElement !== document.body && target.contains(activeElement)) pressed.set(detail.xhr, activeElement);
  });
  document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
    const had = pressed.get(detail.xhr);
    if (!had || document.activeElement !== document.body) return;
    const here = had.isConnected ? had : document.getElementById(had.id);
    if (here?.checkVisibility()) here.focus();
  });
  toAccepted();
}

// Moves the focus to the conversation if the agent accepted its offer by keyboard. Accept opens a new page, in which no
// element has the focus.
function toAccepted() {
  if (!sessionStorage.getItem("accepted")) return;
  sessionStorage.removeItem("accepted");
  if (document.activeElement === document.body) document.getElementById("thread-scroll")?.focus({ preventScroll: true });
}
