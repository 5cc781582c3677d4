// A search field with a list below it, from which a person chooses by keyboard or mouse.

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };

// The list calls ``choose`` with the chosen option. It calls ``selected`` with the option that the arrow keys have
// reached, or without an option. ``takes`` decides whether a key is for the list. After the caller has shown a new
// list, it calls ``renewed`` with the typed text for which it requested the list.
export function listbox(field, box, { choose, selected = () => {}, takes = () => true }) {
  let asked = ""; // the text for which a list was requested
  let listed = ""; // the text for which the shown list was requested
  let waits = false; // the person pressed Enter before the list for the typed text arrived
  const options = () => [...box.querySelectorAll('[role="option"]')];
  const current = () => box.querySelector('[role="option"][aria-selected="true"]');
  const select = (option) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
    selected(option);
  };
  const move = (by) => {
    const all = options();
    const at = all.indexOf(current()) + by;
    select(all[Math.min(Math.max(at, 0), all.length - 1)]);
  };
  const enter = () => {
    waits = field.value !== listed;
    if (!waits && current()) choose(current());
  };
  field.addEventListener("htmx:configRequest", () => (asked = field.value));
  field.addEventListener("input", () => (waits = false));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !takes(event)) return;
    if (event.key === "Enter") enter();
    else if (event.key in STEPS) move(STEPS[event.key]);
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) choose(option);
  });
  // A new list has arrived.
  const renewed = (typed = asked) => {
    listed = typed;
    select(options()[0]);
    if (waits) enter();
  };
  // Begin again, without a list.
  const begin = () => {
    listed = null;
    waits = false;
  };
  return { options, renewed, begin };
}
