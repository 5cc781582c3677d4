// The dialog that closes a conversation. It filters the topics and counts the segments of the closing text. After the
// conversation is closed, the page offers Undo for a minute.

import { startChoosing } from "./recipient_picker.js";
import { showLength } from "./segments.js";
import { now } from "./times.js";

export function startClosing() {
  setInterval(dropUndo, 1000);
  const field = document.getElementById("closing-text");
  if (!field) return;
  const sms = JSON.parse(field.dataset.sms);
  const show = () => showLength(document.getElementById("closing-segments"), field.value.trim(), sms);
  startChoosing(field.closest("dialog"));
  field.addEventListener("input", show);
  show();
}

// Removes Undo when the service no longer accepts it.
function dropUndo() {
  const undo = document.querySelector("[data-undo-until]");
  if (undo && now() > Date.parse(undo.dataset.undoUntil)) undo.remove();
}
