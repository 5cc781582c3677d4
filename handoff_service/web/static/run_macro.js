// Runs a macro on the open conversation, and then stays or goes to the next conversation of the list.

import { showDone } from "./picks.js";
import { NO_CONNECTION, newId, post, showMessage, signInAgain } from "./post.js";

const KEPT = "done"; // the result of a macro, for the next page

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

// The address of the next conversation below this one in the list, else of the first one, else of the list.
function next() {
  const all = [...document.querySelectorAll("#ongoing .item")];
  const at = all.findIndex((item) => item.hasAttribute("aria-current"));
  const others = [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))];
  return others[0]?.href ?? "/workspace";
}
