// Requests of the page's own script, and their error messages.

import { phrase } from "./words.js";

export function csrf() {
  return document.querySelector('meta[name="csrf"]').content;
}

// Open the sign-in page after the session has ended. After the sign-in, the browser opens this page again, and it still
// has its draft.
export function signInAgain() {
  const next = location.pathname + location.search + location.hash;
  location.assign(`/sign-in?${new URLSearchParams({ next })}`);
}

// Send a request that completes even if the person leaves the page.
export async function post(path, values) {
  const headers = { "HX-Request": "true", "X-CSRF-Token": csrf() };
  try {
    return await fetch(path, { method: "POST", headers, body: new URLSearchParams(values), keepalive: true });
  } catch {
    return null; // the event stream shows the lost connection
  }
}

// Give a form a new id after the service has carried it out, because the service carries out each id only once.
export function renewId(asked) {
  const form = asked.form ?? asked.closest("form"); // a button may send its form
  const field = form?.elements.command;
  if (field) field.value = newId();
}

const acts = new Map(); // the request of a button without a form -> its id

// The id of a button's request. It stays the same until the service has carried out the request, so that a retry does
// nothing twice.
export function idOfAct(path, values) {
  const act = `${path} ${new URLSearchParams(Object.entries(values))}`;
  if (!acts.has(act)) acts.set(act, newId());
  return acts.get(act);
}

// Forget the id after the service has carried out the request, because the next click is a new request.
export function endAct(id) {
  for (const [act, known] of acts) if (known === id) acts.delete(act);
}

// Ignore the second click of a double click, even if the page has replaced the button in between.
export function ignoreSecondClick(event) {
  if (event.detail < 2 || !event.target.closest("button[hx-post]")) return;
  event.preventDefault();
  event.stopPropagation();
}

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether a request of htmx worked. htmx's own field ``successful`` is missing if the answer redirects to another page.
export function worked(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

export const NO_CONNECTION = phrase("No connection. Check your network and try again.");

// The error message for a failed request of htmx.
export function errorOf(xhr) {
  if (!xhr.status) return NO_CONNECTION;
  return xhr.responseText || phrase("The service failed ({status}). Try again.", { status: xhr.status });
}

let hiding;

// Show a short message for a moment.
export function showMessage(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (place.textContent = ""), 6000);
}
