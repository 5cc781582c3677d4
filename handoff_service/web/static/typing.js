// Typing notices: reports to other agents with the conversation open that this agent types, and shows who else does.
// The text itself is not sent.

import { post } from "./post.js";

const EACH = 3000; // ms between two requests while the agent types
const STOPPED = 5000; // ms without a key
const GONE = EACH + STOPPED + 1000; // ms after which a silent agent has closed the page
const form = document.getElementById("composer");
const shown = document.getElementById("writing");
const writers = new Map(); // agent -> the notice about them
const timers = new Map();
let last = { kind: "", at: 0 };
let idle;

export function startTyping() {
  form?.elements.body.addEventListener("input", typed);
  if (form) addEventListener("pagehide", stopped);
  if (shown) document.body.addEventListener("sse:writing", ({ detail }) => heard(JSON.parse(detail.data)));
}

// Stop after a send, an empty field, a lost focus, or a while without a key.
export function stopped() {
  clearTimeout(idle);
  if (last.kind) tell("");
}

function typed({ target }) {
  if (!target.value.trim()) return stopped();
  clearTimeout(idle);
  idle = setTimeout(stopped, STOPPED);
  const kind = form.elements.kind.value;
  if (kind !== last.kind || Date.now() - last.at >= EACH) tell(kind);
}

function tell(kind) {
  last = { kind, at: Date.now() };
  post(`/workspace/conversations/${document.body.dataset.open}/writing`, { kind });
}

function heard({ by, said }) {
  clearTimeout(timers.get(by));
  if (said) {
    writers.set(by, said);
    timers.set(by, setTimeout(() => heard({ by, said: "" }), GONE));
  } else writers.delete(by);
  const text = [...writers.values()].join(" ");
  if (shown.textContent !== text) shown.textContent = text; // screen readers do not repeat unchanged text
}
