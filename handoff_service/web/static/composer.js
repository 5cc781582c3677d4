// The composer. Updates from the server never replace it. When the agent sends a text or a note, this script clears the
// field. If sending fails, it puts the text back.

import { attached, attaching, detach, startAttach } from "./attach.js";
import { errorOf } from "./post.js";
import { closePicker } from "./templates.js";
import { dropPending, showPending } from "./pending.js";
import { counted, tooLongWords, words } from "./segments.js";
import { countPhrase, phrase } from "./words.js";

const form = document.getElementById("composer");
const draft = document.getElementById("draft");
const key = keyOf(document.body.dataset.open);
let sent = null;
let sentPictures = [];
let couldText = true; // whether the page shows that texts are possible

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
  // After a click on "text" or "note", the focus moves to the field. After an arrow key, the focus stays on the choice.
  // The click event of an arrow key has no detail.
  form.querySelector('[role="radiogroup"]').addEventListener("click", ({ detail }) => {
    if (detail) requestAnimationFrame(writeNext);
  });
  form.addEventListener("htmx:confirm", (event) => blocked() && event.preventDefault());
  form.addEventListener("htmx:configRequest", (event) => {
    event.detail.path = form.dataset[kind()];
    sent = draft.value;
    sentPictures = kind() === "text" ? attached() : [];
    showPending(kind(), sent.trim(), sentPictures.length);
    draft.value = ""; // the browser's storage keeps the draft until the service has the text
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

// Returns the draft of a text for the requester, and never a private note.
export function draftText() {
  return draft && kind() === "text" ? draft.value : "";
}

// Clears the field after the agent has scheduled its text, unless the agent has typed more since.
export function takeDraft(text) {
  if (!draft || draft.value.trim() !== text.trim()) return;
  draft.value = "";
  changed();
}

// Selects this kind (text or note). Without ``kind``, it switches to the other kind.
export function otherKind(kind) {
  const other = form?.querySelector(kind ? `[name="kind"][value="${kind}"]` : '[name="kind"]:not(:checked)');
  if (!other) return;
  other.checked = true;
  changed();
}

// Removes the composer after the conversation was closed, and shows the unsent draft.
export function closeComposer(closed) {
  if (!form?.isConnected) return;
  showKept(closed, draft.value);
  form.remove();
  closePicker();
  document.getElementById("close-dialog")?.close();
}

// Adapts the composer after an update of the page, because the update can allow or forbid texts to the requester.
export function renewComposer() {
  if (form?.isConnected) show();
}

// Shows the unsent draft in the notice that replaces the field.
function showKept(closed, text) {
  const keptDraft = closed?.querySelector(".kept");
  if (!keptDraft) return;
  keptDraft.querySelector("q").textContent = text.trim();
  keptDraft.hidden = !text.trim();
}

function kind() {
  return form.elements.kind.value;
}

// Whether the desk can text the requester. If it cannot, the server shows the notice ``no-texts``.
function canText() {
  return document.getElementById("no-texts").hidden;
}

// Selects the note when texts become impossible, for example after an opt-out. Selects the text when they become
// possible again. Keeps the selection if the agent has begun to write.
function preselect() {
  const possible = canText();
  if (possible === couldText) return;
  couldText = possible;
  const wanted = form.querySelector(`[name="kind"][value="${possible ? "text" : "note"}"]`);
  if (!draft.value) wanted.checked = true;
}

// Stores the draft. It runs only after a change in this tab, because another tab may have just sent the draft that this
// tab still shows, and storing it again would restore a sent draft.
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
  draft.disabled = blocks; // keep the draft, but let nobody type
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
    problem.textContent = `${phrase("Not sent.")} ${errorOf(xhr)} ${phrase("Your draft is kept.")}`;
    changed();
  }
}

// Copies a text that did not arrive into the field, below the current draft.
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

// Another tab has changed the stored draft. Shows that draft, or clears the field if the other tab has sent it. Does
// nothing if the agent has changed the draft in this tab.
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
