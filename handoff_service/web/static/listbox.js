// A search field with a list of options below it. A person chooses an option by keyboard or mouse.

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };

// Calls ``choose`` with the option that the person chooses, and ``selected`` with the option that becomes selected,
// or with undefined. Handles a key only if ``accepts`` returns true for it. After the caller has shown a new list, it
// calls ``renewed`` with the text for which it requested the list.
export function listbox(field, box, { choose, selected = () => {}, accepts = () => true }) {
  let asked = ""; // the text for which a list was requested
  let listed = ""; // the text for which the shown list was requested
  let enterPending = false; // whether the person pressed Enter before the list for the typed text arrived
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
    enterPending = field.value !== listed;
    if (!enterPending && current()) choose(current());
  };
  field.addEventListener("htmx:configRequest", () => (asked = field.value));
  field.addEventListener("input", () => (enterPending = false));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !accepts(event)) return;
    if (event.key === "Enter") enter();
    else if (event.key in STEPS) move(STEPS[event.key]);
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) choose(option);
  });
  // Selects the first option of a new list.
  const renewed = (typed = asked) => {
    listed = typed;
    select(options()[0]);
    if (enterPending) enter();
  };
  // Forgets the list before a new search.
  const reset = () => {
    listed = null;
    enterPending = false;
  };
  return { options, renewed, reset };
}
