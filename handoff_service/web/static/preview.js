// The preview of an offer. Space on a focused offer opens it. When the offer ends, the preview disables its buttons.

import { openReject } from "./dialogs.js";
import { phrase } from "./words.js";

const GONE = phrase("This offer is no longer yours. It expired, or somebody else took it.");
const dialog = document.getElementById("loaded-dialog");

export function startPreview() {
  dialog.addEventListener("click", ({ target }) => {
    const refusing = target.closest("[data-refuse]");
    if (!refusing) return;
    dialog.close();
    openReject(refusing.dataset.refuse);
  });
  new MutationObserver(() => {
    if (dialog.open) toEnd();
  }).observe(dialog, { attributes: true, attributeFilter: ["open"] });
}

// Opens the preview of the focused offer. Returns false if another element has the focus; Space then acts as usual.
export function previewFocused() {
  const offer = document.activeElement;
  if (!offer.matches("[data-offer]")) return false;
  offer.querySelector("[data-load]").click();
}

export function checkPreview() {
  const shown = dialog.open && dialog.querySelector("[data-preview]");
  if (!shown || document.getElementById(`offer-${shown.dataset.preview}`)?.matches("[data-offer]")) return;
  const problem = dialog.querySelector('[role="alert"]');
  problem.textContent = GONE;
  problem.hidden = false;
  for (const button of dialog.querySelectorAll("footer :is([type=submit], [data-refuse])")) button.disabled = true;
}

// Scrolls to the newest line, because agents read it first.
function toEnd() {
  const shown = dialog.querySelector("[data-preview]");
  if (shown) shown.scrollTop = shown.scrollHeight;
}
