// The composer. Nothing from the server ever replaces it: it empties itself after a send, if its text is unchanged.

import { attached, attaching, detach, startAttach } from "./attach.js";
import { why } from "./post.js";
import { closePicker } from "./templates.js";
import { dropPending, showPending } from "./pending.js";
import { counted, tooLongWords, words } from "./segments.js";
import { countPhrase, phrase } from "./words.js";

const form = document.getElementById("composer");
const draft = document.getElementById("draft");
const key = keyOf(document.body.dataset.open);
let sent = null;
let sentPictures = [];
let couldText = true; // as the page was last drawn

export function startComposer(afterSend) {
  if (!form) return showKept(document.getElementById("closed"), kept()?.text ?? "");
  restore(kept());
  startAttach(show);
  addEventListener("storage", (event) => event.key === key && writtenElsewhere(event));
  draft.addEventListener("input", changed);
  form.addEventListener("change", changed);
  draft.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  // A pointer that chose text or note goes on to write. Arrow keys stay between the two; their clicks have no detail.
  form.querySelector('[role="radiogroup"]').addEventListener("click", ({ detail }) => {
    if (detail) requestAnimationFrame(writeNext);
  });
  form.addEventListener("htmx:confirm", (event) => blocked() && event.preventDefault());
  form.addEventListener("htmx:configRequest", (event) => {
    event.detail.path = form.dataset[kind()];
    sent = draft.value;
    sentPictures = kind() === "text" ? attached() : [];
    showPending(kind(), sent.trim(), sentPictures.length);
    draft.value = ""; // kept in the browser until the service has it
    show();
  });
  document.addEventListener("click", ({ target }) => {
    const again = target.closest("[data-again]");
    if (again) editAgain(again.dataset.again);
  });
  form.addEventListener("htmx:afterRequest", (event) => finished(event.detail, afterSend));
  show();
}

export function hasDraft(conversation) {
  return localStorage.getItem(keyOf(conversation)) !== null;
}

export function writeNext() {
  draft?.focus();
}

// What may be sent to the requester: nothing of a private note.
export function draftText() {
  return draft && kind() === "text" ? draft.value : "";
}

// The text of the field was scheduled. The field keeps only what was typed since then.
export function takeDraft(text) {
  if (!draft || draft.value.trim() !== text.trim()) return;
  draft.value = "";
  changed();
}

// ``kind``: the one to choose; left out: the other one.
export function otherKind(kind) {
  const other = form?.querySelector(kind ? `[name="kind"][value="${kind}"]` : '[name="kind"]:not(:checked)');
  if (!other) return;
  other.checked = true;
  changed();
}

// The conversation was closed: there is nothing to write to any more, and what was written is not lost.
export function closeComposer(closed) {
  if (!form?.isConnected) return;
  showKept(closed, draft.value);
  form.remove();
  closePicker();
  document.getElementById("close-dialog")?.close();
}

// What stands around it is new: whether texts can be sent may have changed.
export function renewComposer() {
  if (form?.isConnected) show();
}

// Where nothing can be written any more, what was written and not sent stays readable.
function showKept(closed, text) {
  const said = closed?.querySelector(".kept");
  if (!said) return;
  said.querySelector("q").textContent = text.trim();
  said.hidden = !text.trim();
}

function kind() {
  return form.elements.kind.value;
}

// Whether the requester can be texted at all: the server says so around the field.
function canText() {
  return document.getElementById("no-texts").hidden;
}

// A note is all that can be written to a requester who has opted out, and is chosen for whoever has written nothing yet.
function preselect() {
  const possible = canText();
  if (possible === couldText) return;
  couldText = possible;
  const wanted = form.querySelector(`[name="kind"][value="${possible ? "text" : "note"}"]`);
  if (!draft.value) wanted.checked = true;
}

// Only what a person did here is kept. A tab that kept what it merely shows would bring back a draft that another tab has
// just sent.
function changed() {
  show();
  if (draft.value) localStorage.setItem(key, JSON.stringify({ kind: kind(), text: draft.value }));
  else localStorage.removeItem(key);
}

function show() {
  preselect();
  const note = kind() === "note";
  const blocks = !note && !canText();
  form.toggleAttribute("data-blocked", blocks);
  draft.disabled = blocks; // what was written is kept, and nothing can be typed
  showKept(document.getElementById("no-texts"), blocks ? draft.value : "");
  if (note) form.dataset.mode = "note";
  else delete form.dataset.mode;
  draft.placeholder = draft.dataset[kind()];
  const label = form.querySelector('label[for="draft"]');
  label.textContent = label.dataset[kind()];
  form.querySelector('[type="submit"] span').textContent = note ? phrase("Add note") : phrase("Send");
  showLength(note);
}

function showLength(note) {
  const output = document.getElementById("segments");
  const body = draft.value.trim();
  const sms = JSON.parse(form.dataset.sms);
  const tooLong = !note && [...body].length - sms.most;
  const length = counted(body, sms);
  const refused = !note && !canText();
  form.querySelector('[type="submit"]').disabled = refused || tooLong > 0 || (!note && attaching());
  const pictures = attached().length;
  output.classList.toggle("wait", !note && !pictures && length.count > 1);
  output.classList.toggle("fail", tooLong > 0);
  if (refused) output.textContent = phrase("No texts can be sent");
  else if (note) output.textContent = phrase("Not sent to the requester");
  else if (tooLong > 0) output.textContent = tooLongWords(tooLong, sms);
  else if (attaching()) output.textContent = phrase("Uploading the picture");
  else if (pictures) output.textContent = countPhrase("One MMS with {count} picture", "One MMS with {count} pictures", pictures);
  else output.textContent = words(length);
}

function blocked() {
  const empty = !draft.value.trim() && (kind() === "note" || !attached().length);
  if (empty) draft.focus();
  return empty || form.querySelector('[type="submit"]').disabled;
}

function finished({ successful, xhr }, afterSend) {
  const problem = document.getElementById("not-sent");
  problem.hidden = successful;
  if (successful) {
    detach(sentPictures);
    changed();
    afterSend();
  } else {
    dropPending();
    draft.value = [sent, draft.value].filter(Boolean).join("\n");
    problem.textContent = `${phrase("Not sent.")} ${why(xhr)} ${phrase("Your draft is kept.")}`;
    changed();
  }
}

// A text that did not arrive goes back into the field, after what stands there.
function editAgain(body) {
  form.elements.kind.value = "text";
  draft.value = [draft.value, body].filter(Boolean).join("\n");
  changed();
  draft.focus();
  draft.setSelectionRange(draft.value.length, draft.value.length);
}

function keyOf(conversation) {
  return `draft:${document.body.dataset.me}:${conversation}`;
}

// Another tab wrote or sent a draft of this conversation. What was typed here on top of it stays.
function writtenElsewhere({ oldValue, newValue }) {
  const before = JSON.parse(oldValue ?? "null")?.text ?? "";
  if (draft.value !== "" && draft.value !== before) return;
  draft.value = "";
  restore(JSON.parse(newValue ?? "null"));
  show();
}

function restore(before) {
  if (!before) return;
  draft.value = before.text;
  form.elements.kind.value = before.kind;
}

function kept() {
  return JSON.parse(localStorage.getItem(key) ?? "null");
}
