// Names colleagues in a private note. After @, a list shows the colleagues who match the typed letters. The agent
// chooses one by keyboard, mouse or touch.

import { listbox } from "./listbox.js";
import { typeInto } from "./templates.js";
import { countPhrase } from "./words.js";

const AT = /(?<![\p{L}\p{M}\p{N}_.@])@([\p{L}\p{M}\p{N}][^@\n]{0,99})?$/u; // the typed part of a name, before the cursor
const SOON = 100; // the request is sent after this time without a key, in ms
const form = document.getElementById("composer");
const draft = document.getElementById("draft");
const box = document.getElementById("naming");
let list;
let asking = null; // the running request
let waiting;
let left = null; // the position of the @ for which Escape closed the list

export function startNaming() {
  if (!box) return;
  list = listbox(draft, box, { choose, accepts: ({ ctrlKey, metaKey }) => !box.hidden && !ctrlKey && !metaKey });
  draft.addEventListener("input", lookFor);
  draft.addEventListener("blur", close);
  draft.addEventListener("click", lookFor);
  form.addEventListener("change", close);
  form.addEventListener("submit", close);
  box.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the cursor in the note
  draft.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || box.hidden || event.isComposing) return;
    event.preventDefault(); // keep Escape from moving the focus out of the field
    left = begun().at;
    close();
  });
}

// Returns the position of the @ before the cursor, and the letters after it.
function begun() {
  const found = draft.selectionStart === draft.selectionEnd && draft.value.slice(0, draft.selectionEnd).match(AT);
  return found && form.elements.kind.value === "note" ? { at: found.index, letters: found[1] ?? "" } : {};
}

function lookFor() {
  clearTimeout(waiting);
  const { at, letters } = begun();
  if (at === undefined || at !== left) left = null;
  if (at === undefined || at === left) return close();
  waiting = setTimeout(() => ask(letters, draft.value), SOON);
}

async function ask(letters, typed) {
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(`/workspace/colleagues?${new URLSearchParams({ q: letters })}`, { signal: asking.signal });
    if (answer.ok) show(await answer.text(), typed);
  } catch {
    close(); // without a connection, the agent types the whole name
  }
}

function show(html, typed) {
  box.innerHTML = html;
  const count = list.options().length;
  if (!count || document.activeElement !== draft) return close();
  box.hidden = false;
  draft.setAttribute("aria-controls", box.id);
  document.getElementById("naming-said").textContent = countPhrase("{count} colleague", "{count} colleagues", count);
  list.renewed(typed); // last, because this call may choose an option
}

function close() {
  clearTimeout(waiting);
  asking?.abort();
  box.hidden = true;
  box.replaceChildren();
  list.reset();
  draft.removeAttribute("aria-controls");
  draft.removeAttribute("aria-activedescendant");
  document.getElementById("naming-said").textContent = "";
}

function choose(option) {
  const { at } = begun();
  draft.setSelectionRange(at, draft.selectionEnd);
  typeInto(draft, `@${option.dataset.name} `);
  close();
}
