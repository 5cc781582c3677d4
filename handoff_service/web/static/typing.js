// Typing notices. While the agent types, this script notifies the other agents who have the conversation open. It also
// shows who else is typing. It does not send the text itself.

import { post } from "./post.js";

const EACH = 3000; // ms between two requests while the agent types
const STOPPED = 5000; // ms without a key
const GONE = EACH + STOPPED + 1000; // ms without a report after which an agent must have closed the page
const form = document.getElementById("composer");
const shown = document.getElementById("writing");
const writers = new Map(); // agent -> the notice about them
const timers = new Map();
let last = { kind: "", at: 0 };
let idle;

export function startTyping() {
  form?.elements.body.addEventListener("input", typed);
  if (form) addEventListener("pagehide", stopped);
  if (shown) document.body.addEventListener("sse:writing", ({ detail }) => showWriter(JSON.parse(detail.data)));
}

// Report that the agent has stopped: after sending, after clearing the field, on leaving the page, or after a while without
// a key.
export function stopped() {
  clearTimeout(idle);
  if (last.kind) report("");
}

function typed({ target }) {
  if (!target.value.trim()) return stopped();
  clearTimeout(idle);
  idle = setTimeout(stopped, STOPPED);
  const kind = form.elements.kind.value;
  if (kind !== last.kind || Date.now() - last.at >= EACH) report(kind);
}

function report(kind) {
  last = { kind, at: Date.now() };
  post(`/workspace/conversations/${document.body.dataset.open}/writing`, { kind });
}

function showWriter({ by, said }) {
  clearTimeout(timers.get(by));
  if (said) {
    writers.set(by, said);
    timers.set(by, setTimeout(() => showWriter({ by, said: "" }), GONE));
  } else writers.delete(by);
  const text = [...writers.values()].join(" ");
  if (shown.textContent !== text) shown.textContent = text; // screen readers do not repeat unchanged text
}
