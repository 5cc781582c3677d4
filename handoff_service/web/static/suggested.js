// Suggested replies above the composer. A click inserts a reply, and Tab in the empty text field inserts the first one.
// Neither sends it.

const draft = document.getElementById("draft");

export function startSuggested() {
  if (!draft) return;
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-reply]");
    if (button) take(button.dataset.reply);
  });
  draft.addEventListener("keydown", (event) => {
    const first = document.querySelector("#suggested [data-reply]");
    if (event.key !== "Tab" || event.shiftKey || draft.value || !first || isNote()) return;
    event.preventDefault();
    take(first.dataset.reply);
  });
  draft.addEventListener("input", show);
  draft.form.addEventListener("change", show);
  show();
}

// Shows the suggested replies while the field is empty and the agent writes no note.
export function showSuggested() {
  if (draft) show();
}

function show() {
  const here = document.getElementById("suggested");
  if (here) here.hidden = !here.querySelector("[data-reply]") || draft.value !== "" || isNote();
}

function isNote() {
  return draft.form.elements.kind.value === "note";
}

// Inserts the reply. If the reply has masked parts, selects the first one, which the agent must fill in.
function take(text) {
  draft.value = text;
  draft.dispatchEvent(new Event("input", { bubbles: true }));
  draft.focus();
  const mask = text.match(/‹[^›]*›/);
  if (mask) draft.setSelectionRange(mask.index, mask.index + mask[0].length);
  else draft.setSelectionRange(text.length, text.length);
}
