// "Someone else is writing here": says so to others who have the conversation open, and shows who does. No words travel.

import { post } from "./post.js";

const EACH = 3000; // ms from one request to the next while somebody writes
const STOPPED = 5000; // ms without a key
const GONE = EACH + STOPPED + 1000; // whoever is not heard of for so long has closed the page
const form = document.getElementById("composer");
const shown = document.getElementById("writing");
const writers = new Map(); // agent -> what is said of them
const timers = new Map();
let last = { kind: "", at: 0 };
let idle;

export function startTyping() {
  form?.elements.body.addEventListener("input", typed);
  if (form) addEventListener("pagehide", stopped);
  if (shown) document.body.addEventListener("sse:writing", ({ detail }) => heard(JSON.parse(detail.data)));
}

// Sent, emptied, left, or no key for a while.
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
  if (shown.textContent !== text) shown.textContent = text; // unchanged, it is not read out again
}
