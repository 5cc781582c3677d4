// The keys of the page Teach. Single keys work unless the trainer has switched them off. In a field of the card, Enter
// saves the label. In any field, Esc removes the focus from the field.

import { merge } from "./merge.js";
import { showMessage } from "./post.js";
import { phrase } from "./words.js";

const part = () => document.getElementById("teach");
const form = () => document.getElementById("label-form");
const TYPED = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]';
let marked = null; // the [start, end] of the selection before the trainer chose the entity
let byKeys = false; // whether the trainer chooses the entity by keyboard; each key then fires a change event

const KEYS = {
  0: () => focus("other"),
  e: () => focus("example"),
  n: () => press("new-intent"),
  o: () => press("out-of-scope"),
  x: () => press("not-for-bot"),
  s: () => press("unsure"),
  c: () => press("open-conversation"),
  g: () => press("cluster"),
  p: () => press("pin"),
  j: () => step(1),
  k: () => step(-1),
  Backspace: () => press("undo"),
  Enter: save,
  "?": () => document.getElementById("teach-keys").showModal(),
};

export function startTeach() {
  if (!part()) return;
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("pointerdown", ({ target }) => target.id === "entity" && (byKeys = false), true);
  document.addEventListener("change", ({ target }) => target.id === "entity" && !byKeys && markEntity());
  document.addEventListener("focusout", ({ target }) => target.id === "entity" && markEntity());
  document.addEventListener("select", keepSelection, true);
  document.addEventListener("input", forgetChoice);
  document.body.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.id === "teach" && swapped());
  document.body.addEventListener("htmx:afterRequest", refused);
}

// Updates the queue without moving the focus. If the page shows no card, the answer contains the card as well, and this
// function replaces the whole part.
export function showQueue(html) {
  if (!html.includes('id="teach"')) return merge(html);
  if (!form()) {
    part().outerHTML = html;
    window.htmx.process(part());
  }
}

function pressed(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.(TYPED);
  if (typing && event.key === "Escape") return stop(event, () => event.target.blur());
  if (event.target.id === "entity") return event.key === "Enter" ? stop(event, markEntity) : (byKeys = true);
  if (typing) return event.key === "Enter" && form()?.contains(event.target) && stop(event, save);
  if (!document.getElementById("keys-on").checked) return;
  if (event.key === "Enter" && event.target.matches?.("a, button, summary")) return;
  if (/^[1-5]$/.test(event.key)) return stop(event, () => choose(Number(event.key)));
  if (Object.hasOwn(KEYS, event.key)) stop(event, KEYS[event.key]);
}

function stop(event, act) {
  event.preventDefault();
  event.stopPropagation();
  act();
}

function choose(number) {
  const radio = form()?.querySelectorAll('[name="intent"]')[number - 1];
  if (!radio) return;
  form().elements.other.value = "";
  radio.click();
  radio.focus();
}

function save() {
  const chosen = form()?.querySelector('[name="intent"]:checked') || form()?.elements.other.value;
  if (!form()) return;
  if (!chosen) return showMessage(phrase("Choose an intent first."));
  form().requestSubmit(form().querySelector("button.main"));
}

function press(id) {
  document.getElementById(id)?.click();
}

function focus(id) {
  document.getElementById(id)?.focus();
}

function step(by) {
  const all = [...document.querySelectorAll("#waiting .queue-item")];
  const at = all.findIndex((item) => item.hasAttribute("aria-current"));
  all[Math.min(Math.max(at + by, 0), all.length - 1)]?.click();
}

// Moves the focus to the new card after a label, which keeps the keys working.
function swapped() {
  document.getElementById("card-head")?.focus({ preventScroll: true });
  const current = document.querySelector("#waiting [aria-current]");
  current?.scrollIntoView({ block: "nearest" });
  const status = document.getElementById("teach-said");
  if (status?.textContent) showMessage(status.textContent);
}

// Updates the page if another trainer has labeled the text first.
function refused({ detail, target }) {
  if (detail.xhr.status === 409 && target.closest?.("#teach")) window.htmx.trigger("#get-queue", "again");
}

// Deselects the suggestions when the trainer types an intent, because the typed one counts.
function forgetChoice(event) {
  if (event.target.id !== "other" || !event.target.value) return;
  for (const radio of form().querySelectorAll('[name="intent"]:checked')) radio.checked = false;
}

function keepSelection(event) {
  if (event.target.id !== "example") return;
  marked = [event.target.selectionStart, event.target.selectionEnd];
}

// Marks the selected words as the chosen entity. By keyboard, this happens when the trainer presses Enter or leaves the
// list.
function markEntity() {
  const chosen = document.getElementById("entity");
  const entity = chosen.value;
  if (!entity) return;
  chosen.value = ""; // clear it first, because field.focus() below calls this function again
  const field = document.getElementById("example");
  const [from, to] = marked ?? [0, 0];
  const words = field.value.slice(from, to);
  if (!words.trim()) showMessage(phrase("Select the words first."));
  else {
    field.setRangeText(`[${words.trim()}](${entity})`, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  marked = null;
  field.focus();
}
