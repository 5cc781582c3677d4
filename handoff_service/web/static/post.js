// Requests from the page's own script, and what their failures say.

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
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  if (field) field.value = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether a request of htmx worked. Its own word for that is missing when the answer leads to another page.
export function worked(xhr) {
  return xhr.status >= 200 && xhr.status < 300;
}

// The sentence of a failed request of htmx.
export function why(xhr) {
  if (!xhr.status) return "No connection.";
  return xhr.responseText || `The service answered ${xhr.status}.`;
}

let hiding;

// Says something for a moment where the eye is not already.
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => (said.textContent = ""), 6000);
}
