// Numbers and codes are copied by a click, and the page says so.

import { say } from "./post.js";
import { phrase } from "./words.js";

export function startCopying() {
  document.addEventListener("click", async ({ target }) => {
    const copied = target.closest("[data-copy]")?.dataset.copy;
    if (!copied || !getSelection().isCollapsed) return; // whoever selects text wants that part
    say((await put(copied)) ? phrase("Copied {text}", { text: copied }) : phrase("The browser did not allow copying."));
  });
}

// Only pages of a secure address have a clipboard.
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
