// A button that is disabled while its request runs loses the focus. After the request it gets the focus back, so Tab
// continues from there.

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

// After Accept, the browser opens a new page, in which no element has the focus. If the agent pressed Accept by
// keyboard, the conversation gets the focus.
function toAccepted() {
  if (!sessionStorage.getItem("accepted")) return;
  sessionStorage.removeItem("accepted");
  if (document.activeElement === document.body) document.getElementById("thread-scroll")?.focus({ preventScroll: true });
}
