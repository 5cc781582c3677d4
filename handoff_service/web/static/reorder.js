// Lets a person drag rows into another order. By keyboard, the buttons in each row do the same.

export function startReordering() {
  document.addEventListener("pointerdown", ({ target }) => {
    const row = target.closest("[data-move]");
    if (row) row.draggable = !target.closest("a, button, input");
  });
  document.addEventListener("dragstart", ({ target, dataTransfer }) => {
    if (!target.dataset?.move) return;
    target.dataset.dragged = "";
    dataTransfer.effectAllowed = "move";
  });
  document.addEventListener("dragover", (event) => {
    const dragged = document.querySelector("[data-dragged]");
    const over = event.target.closest?.("[data-move]");
    if (!dragged || !over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault(); // allow dropping the row here
    const box = over.getBoundingClientRect();
    const before = event.clientY < box.top + box.height / 2;
    if (over !== dragged) over[before ? "before" : "after"](dragged);
  });
  document.addEventListener("dragend", ({ target }) => {
    if (!("dragged" in (target.dataset ?? {}))) return;
    delete target.dataset.dragged;
    const to = [...target.parentElement.children].indexOf(target);
    const swapped = { target: "#listed", select: "#listed", swap: "outerHTML" };
    window.htmx.ajax("POST", target.dataset.move, { values: { to }, source: "#listed", ...swapped });
  });
}
