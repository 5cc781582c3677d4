// Sends the scripts' own requests, gives each command an id, and writes error messages.

import { phrase } from "./words.js";

export function csrf() {
  return document.querySelector('meta[name="csrf"]').content;
}

// Opens the sign-in page after the session has ended. After the sign-in, the browser returns to this page, which still
// shows the draft.
export function signInAgain() {
  const next = location.pathname + location.search + location.hash;
  location.assign(`/sign-in?${new URLSearchParams({ next })}`);
}

// Sends a request that completes even if the person leaves the page. Returns null without a connection.
export async function post(path, values) {
  const headers = { "HX-Request": "true", "X-CSRF-Token": csrf() };
  try {
    return await fetch(path, { method: "POST", headers, body: new URLSearchParams(values), keepalive: true });
  } catch {
    return null; // event_stream.js shows the banner about the lost connection
  }
}

// Gives a form a new command id after the service has run the command, because the service runs each id only once.
export function renewId(asked) {
  const form = asked.form ?? asked.closest("form"); // the sender can be a button of the form
  const field = form?.elements.command;
  if (field) field.value = newId();
}

const acts = new Map(); // the request of a button without a form -> its id

// Returns the command id of a button's request. It stays the same until the service has run the command, so a retry
// never runs it twice.
export function idOfAct(path, values) {
  const act = `${path} ${new URLSearchParams(Object.entries(values))}`;
  if (!acts.has(act)) acts.set(act, newId());
  return acts.get(act);
}

// Forgets the id after the service has run the command, because the next click is a new command.
export function endAct(id) {
  for (const [act, known] of acts) if (known === id) acts.delete(act);
}

// Ignores the second click of a double click, even if the page has replaced the button in between.
export function ignoreSecondClick(event) {
  if (event.detail < 2 || !event.target.closest("button[hx-post]")) return;
  event.preventDefault();
  event.stopPropagation();
}

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether a request of htmx succeeded. htmx sets its field ``successful`` only if the answer does not redirect.
export function worked(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

export const NO_CONNECTION = phrase("No connection. Check your network and try again.");

// Returns the error message for a failed request of htmx.
export function errorOf(xhr) {
  if (!xhr.status) return NO_CONNECTION;
  return xhr.responseText || phrase("The service failed ({status}). Try again.", { status: xhr.status });
}

let hiding;

// Shows a short message for six seconds.
export function showMessage(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (place.textContent = ""), 6000);
}
