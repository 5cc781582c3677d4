// The dialog "New message". It finds people, and shows a preview of what sending will do, which it keeps up to date.

import { errorOf, signInAgain, worked } from "./post.js";
import { showLength } from "./segments.js";
import { phrase } from "./words.js";

const dialog = document.getElementById("new-dialog");
const key = `draft:${document.body.dataset.me}:new`;
const PLACE = "/workspace/new";
let line = null; // the event stream of the chosen number

export function startNewMessage() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest(`a[href^="${PLACE}"]`);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link.search);
  });
  dialog.addEventListener("input", keep);
  dialog.addEventListener("input", () => (dialog.querySelector('[role="alert"]').hidden = true));
  dialog.addEventListener("change", keep);
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", ({ target }) => target.closest("#new-discard") && discard());
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "new-to" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) return; // dialogs.js sends the form
    event.preventDefault(); // keep the browser from sending the unfinished form
    document.getElementById("new-body").focus();
  });
  dialog.addEventListener("htmx:afterSwap", arrange);
  dialog.addEventListener("htmx:afterRequest", (event) => event.target === form() && sent(event.detail));
  if (dialog.open) {
    dialog.removeAttribute("open"); // unlike close(), fires no event; shown() reopens the dialog as a modal one
    shown();
  }
}

export function newMessage() {
  document.getElementById("to-new")?.click();
}

async function open(search) {
  if (dialog.open) return;
  const headers = { "HX-Request": "true" };
  const answer = await fetch(PLACE + search, { headers }).catch(() => null);
  if (answer?.status === 401) return signInAgain();
  if (!answer?.ok) return location.assign(PLACE + search); // the page shows the error
  dialog.innerHTML = await answer.text();
  window.htmx.process(dialog);
  restore(search !== "");
  shown();
}

function shown() {
  dialog.showModal();
  arrange();
}

function form() {
  return dialog.querySelector("form");
}

function preview() {
  return document.getElementById("new-preview");
}

function look() {
  window.htmx.trigger("#new-look", "look");
}

// Copies the button's label from the preview, and opens the event stream of the chosen number.
function arrange() {
  const { button, effect, number } = preview().dataset;
  document.getElementById("new-send").textContent = button;
  const announced = document.getElementById("new-said");
  if (announced.textContent !== effect) announced.textContent = effect;
  listen(dialog.open ? number : "");
  count();
}

function listen(number) {
  if ((line?.number ?? "") === number) return;
  line?.source.close();
  line = null;
  if (!number) return;
  const source = new EventSource(`${PLACE}/events?number=${encodeURIComponent(number)}`);
  for (const news of ["hello", "line"]) source.addEventListener(news, look);
  line = { number, source };
}

function count() {
  const body = document.getElementById("new-body").value.trim();
  const tooLong = showLength(document.getElementById("new-segments"), body, JSON.parse(form().dataset.sms));
  form().querySelector('[type="submit"]').disabled = tooLong > 0 || document.getElementById("new-refused") !== null;
}

function keep() {
  if ("sent" in form().dataset) return;
  const { q, from, body } = form().elements;
  const choice = form().querySelector('[name="choice"]:checked')?.value ?? "";
  localStorage.setItem(key, JSON.stringify({ q: q.value, from: from.value, body: body.value, choice }));
  count();
}

// Restores the draft. If a link names a person, this function restores only the text and keeps that person.
function restore(named) {
  const before = JSON.parse(localStorage.getItem(key) ?? "null");
  if (!before) return;
  const { q, from, body } = form().elements;
  body.value = before.body;
  if (named || !before.q) return;
  q.value = before.q;
  if ([...from.options].some((option) => option.value === before.from)) from.value = before.from;
  const chosen = Object.assign(document.createElement("input"), { type: "hidden", name: "choice", value: before.choice });
  preview().append(chosen); // only for the next request, because its answer contains the choice
  look();
}

function discard() {
  form().dataset.sent = ""; // keep the field's change event from storing the draft
  localStorage.removeItem(key);
  dialog.close();
}

function closed() {
  listen("");
  const at = document.activeElement; // if the page opened with this dialog, the focus may still be inside it
  if (at === document.body || dialog.contains(at)) document.getElementById("to-new")?.focus();
  if (location.pathname === PLACE) history.replaceState(null, "", "/workspace");
}

function sent({ xhr }) {
  if (worked(xhr)) {
    form().dataset.sent = ""; // keep the field's change event from storing the draft
    return localStorage.removeItem(key);
  }
  const problem = dialog.querySelector('[role="alert"]');
  problem.textContent = `${errorOf(xhr)} ${phrase("Your draft is kept.")}`;
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
  if (xhr.status === 409) look();
}
