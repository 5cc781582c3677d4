// The dialog "Send later". It starts with the composer's text and pictures. In each time picker, typing a day or a
// time selects the choice for a custom time.

import { attached, detach } from "./attach.js";
import { draftText, takeDraft } from "./composer.js";
import { worked } from "./post.js";
import { countPhrase } from "./words.js";

export function startLater() {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[data-own]")) return;
    target.closest("fieldset").querySelector('[value="own"]').checked = true;
  });
  document.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (!target.matches("[data-takes-draft]") || !worked(detail.xhr)) return;
    detach([...target.querySelectorAll('[name="media"]')].map((field) => field.value));
    takeDraft(target.elements.body.value);
  });
}

export function fillFromDraft(dialog) {
  const field = dialog.querySelector("[data-takes-draft] [name=body]");
  if (!field) return;
  field.value = draftText();
  const pictures = attached();
  for (const id of pictures) {
    field.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "media", value: id }));
  }
  const sentence = dialog.querySelector("[data-with-pictures]");
  sentence.textContent = countPhrase("With the attached picture.", "With the {count} attached pictures.", pictures.length);
  sentence.hidden = !pictures.length;
}
