// A field that finds, and a list below it to choose from by keys or by mouse.

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };

// ``choose`` gets the chosen option, ``selected`` the one that the keys are at, or nothing. ``takes`` says whether a key
// is for the list. The caller reports each answer to ``renewed``, with what was typed when it asked.
export function listbox(field, box, { choose, selected = () => {}, takes = () => true }) {
  let asked = ""; // what was typed when the list was asked for
  let listed = ""; // what was typed for the list that is shown
  let waits = false; // Enter was pressed before the list for what is typed was there
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
  // The list is a new one.
  const renewed = (typed = asked) => {
    listed = typed;
    select(options()[0]);
    if (waits) enter();
  };
  // Nothing is listed yet.
  const begin = () => {
    listed = null;
    waits = false;
  };
  return { options, renewed, begin };
}
