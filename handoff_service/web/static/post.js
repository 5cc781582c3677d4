// Requests from the page's own script, and what their failures say.

import { phrase } from "./words.js";

export function csrf() {
  return document.querySelector('meta[name="csrf"]').content;
}

// The session has ended: sign in again, and come back to this page, whose draft is kept.
export function signInAgain() {
  const next = location.pathname + location.search + location.hash;
  location.assign(`/sign-in?${new URLSearchParams({ next })}`);
}

// What is said while a page is left still goes out.
export async function post(path, values) {
  const headers = { "HX-Request": "true", "X-CSRF-Token": csrf() };
  try {
    return await fetch(path, { method: "POST", headers, body: new URLSearchParams(values), keepalive: true });
  } catch {
    return null; // the next stream says so
  }
}

// A form that was carried out is another one from now on: the service carries out the same form only once.
export function renewId(asked) {
  const form = asked.form ?? asked.closest("form"); // a button may ask for its form
  const field = form?.elements.command;
  if (field) field.value = newId();
}

const acts = new Map(); // what a button without a form asks for -> its id

// The id of a button's act, the same until the act was carried out: to try again is safe.
export function idOfAct(path, values) {
  const act = `${path} ${new URLSearchParams(Object.entries(values))}`;
  if (!acts.has(act)) acts.set(act, newId());
  return acts.get(act);
}

// The act was carried out: the next click is another one.
export function endAct(id) {
  for (const [act, known] of acts) if (known === id) acts.delete(act);
}

// The second click of a double click does nothing, also when the page has drawn the button again in between.
export function ignoreSecondClick(event) {
  if (event.detail < 2 || !event.target.closest("button[hx-post]")) return;
  event.preventDefault();
  event.stopPropagation();
}

export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether a request of htmx worked. Its own word for that is missing when the answer leads to another page.
export function worked(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

export const NO_CONNECTION = phrase("No connection. Check your network and try again.");

// The sentence of a failed request of htmx.
export function why(xhr) {
  if (!xhr.status) return NO_CONNECTION;
  return xhr.responseText || phrase("The service failed ({status}). Try again.", { status: xhr.status });
}

let hiding;

// Says something for a moment where the eye is not already.
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (said.textContent = ""), 6000);
}
