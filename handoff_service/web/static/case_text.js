// The case dialog. When the agent chooses "resolved", the dialog suggests a text to the requester and shows the text's
// length in segments.

import { showLength } from "./segments.js";

export function startCaseText() {
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-resolves]")) showOffer(target);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-counted]")) count(target);
  });
}

function showOffer(state) {
  const part = document.getElementById("case-text-part");
  part.hidden = state.value !== "resolved";
  const text = part.querySelector("[data-counted]");
  if (text) count(text);
}

function count(text) {
  const { counted, sms } = text.dataset;
  showLength(document.getElementById(counted), text.value, JSON.parse(sms));
}
