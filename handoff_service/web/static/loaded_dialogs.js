// Dialogs that fetch their content each time they open, so the content is current.

import { open } from "./dialogs.js";
import { fillFromDraft } from "./later.js";
import { fillFromPicks, picksQuery } from "./picks.js";
import { NO_CONNECTION, showMessage, signInAgain } from "./post.js";
import { chooseKind, startChoosing } from "./recipient_picker.js";

const dialog = document.getElementById("loaded-dialog");

export function startLoading() {
  document.addEventListener("click", (event) => {
    const asking = event.target.closest("[data-load]");
    if (!asking) return;
    event.preventDefault(); // the element can be a link for browsers without JavaScript
    load(asking);
  });
  startChoosing(dialog);
}

async function load(asking) {
  if (dialog.open) return;
  const path = asking.dataset.load + ("withPicks" in asking.dataset ? picksQuery() : "");
  const answer = await fetch(path, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status === 401) return signInAgain();
  if (!answer?.ok) return showMessage(answer ? await answer.text() : NO_CONNECTION);
  dialog.innerHTML = await answer.text();
  window.htmx.process(dialog);
  chooseKind(dialog);
  fillFromDraft(dialog);
  fillFromPicks(dialog);
  open(dialog.id, asking);
}
