// Send later: the dialog takes what stands in the composer. And the time picker: a day or time of one's own chooses itself.

import { draftText, takeDraft } from "./composer.js";
import { worked } from "./post.js";

export function startLater() {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[data-own]")) return;
    target.closest("fieldset").querySelector('[value="own"]').checked = true;
  });
  document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (!target.matches("[data-takes-draft]") || !worked(detail.xhr)) return;
    takeDraft(target.elements.body.value);
  });
}

export function fillFromDraft(dialog) {
  const field = dialog.querySelector("[data-takes-draft] [name=body]");
  if (field) field.value = draftText();
}
