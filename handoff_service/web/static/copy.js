// Copies a number or a code when a person clicks it, and shows a message.

import { showMessage } from "./post.js";
import { phrase } from "./words.js";

export function startCopying() {
  document.addEventListener("click", async ({ target }) => {
    const copied = target.closest("[data-copy]")?.dataset.copy;
    if (!copied || !getSelection().isCollapsed) return; // the person is selecting text
    showMessage((await put(copied)) ? phrase("Copied {text}", { text: copied }) : phrase("The browser did not allow copying."));
  });
}

// Copies the text to the clipboard. The fallback is for pages without https, where browsers offer no clipboard API.
async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "visually-hidden" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
