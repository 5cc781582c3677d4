// The dialog that closes a conversation shows how its text travels.

import { showLength } from "./segments.js";

export function startClosing() {
  const field = document.getElementById("closing-text");
  if (!field) return;
  const sms = JSON.parse(field.dataset.sms);
  const show = () => showLength(document.getElementById("closing-segments"), field.value.trim(), sms);
  field.addEventListener("input", show);
  show();
}
