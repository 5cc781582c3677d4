// Runs a macro on the open conversation. Some macros then open the next conversation in the list.

import { showDone } from "./picks.js";
import { NO_CONNECTION, newId, post, showMessage, signInAgain } from "./post.js";

const KEPT = "done"; // session storage key of a macro's result, which the next page shows

export function startMacros() {
  const done = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (done) showDone(done);
}

export async function runMacro({ run, then }) {
  const answer = await post(run, { command: newId() });
  if (answer?.status === 401) return signInAgain();
  if (!answer?.ok) return showMessage(answer ? await answer.text() : NO_CONNECTION);
  const done = await answer.text();
  if (then !== "next") return showDone(done);
  sessionStorage.setItem(KEPT, done);
  location.assign(next());
}

// Returns the address of the next conversation in the list. After the last one, it is the first. Without another
// conversation, it is the list.
function next() {
  const all = [...document.querySelectorAll("#ongoing .item")];
  const at = all.findIndex((item) => item.hasAttribute("aria-current"));
  const others = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))];
  return others[0]?.href ?? "/workspace";
}
