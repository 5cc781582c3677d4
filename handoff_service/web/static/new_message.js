// The dialog "New message": who fits what is typed, and what sending would do, kept current while it is open.

import { signInAgain, why, worked } from "./post.js";
import { showLength } from "./segments.js";
import { phrase } from "./words.js";

const dialog = document.getElementById("new-dialog");
const key = `draft:${document.body.dataset.me}:new`;
const PLACE = "/workspace/new";
let line = null; // the stream about the chosen number

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
    if (event.ctrlKey || event.metaKey) return; // sends, as in every dialog
    event.preventDefault(); // the browser would send what is not written yet
    document.getElementById("new-body").focus();
  });
  dialog.addEventListener("htmx:afterSwap", arrange);
  dialog.addEventListener("htmx:afterRequest", (event) => event.target === form() && sent(event.detail));
  if (dialog.open) {
    dialog.removeAttribute("open"); // as the server drew it, and then as a dialog should be; close() would tell of an end
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
  if (!answer?.ok) return location.assign(PLACE + search); // a page says why
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

// The words on the button are what the preview says; the chosen number is listened to.
function arrange() {
  const { button, effect, number } = preview().dataset;
  document.getElementById("new-send").textContent = button;
  const said = document.getElementById("new-said");
  if (said.textContent !== effect) said.textContent = effect;
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

// A link that names somebody keeps them; what was written before comes back in any case.
function restore(named) {
  const before = JSON.parse(localStorage.getItem(key) ?? "null");
  if (!before) return;
  const { q, from, body } = form().elements;
  body.value = before.body;
  if (named || !before.q) return;
  q.value = before.q;
  if ([...from.options].some((option) => option.value === before.from)) from.value = before.from;
  const chosen = Object.assign(document.createElement("input"), { type: "hidden", name: "choice", value: before.choice });
  preview().append(chosen); // goes along once; the answer has it chosen
  look();
}

function discard() {
  form().dataset.sent = ""; // leaving a field keeps nothing
  localStorage.removeItem(key);
  dialog.close();
}

function closed() {
  listen("");
  const at = document.activeElement; // nobody had it before when the server opened it: it may be inside still
  if (at === document.body || dialog.contains(at)) document.getElementById("to-new")?.focus();
  if (location.pathname === PLACE) history.replaceState(null, "", "/workspace");
}

function sent({ xhr }) {
  if (worked(xhr)) {
    form().dataset.sent = ""; // leaving the field says once more that it changed
    return localStorage.removeItem(key);
  }
  const problem = dialog.querySelector('[role="alert"]');
  problem.textContent = `${why(xhr)} ${phrase("Your draft is kept.")}`;
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
  if (xhr.status === 409) look();
}
