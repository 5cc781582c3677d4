// Typing notices. While the agent types, the other agents who have the conversation open see a notice. This script also
// shows who else is typing. It never sends the typed text.

import { post } from "./post.js";

const EACH = 3000; // ms between two requests while the agent types
const STOPPED = 5000; // ms without a key after which the agent has stopped
const GONE = EACH + STOPPED + 1000; // ms without a report after which the notice about an agent disappears
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

// Reports that the agent has stopped: after sending the text, clearing the field or leaving the page, or after five
// seconds without a key.
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
