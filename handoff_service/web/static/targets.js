// Shows the time left until each target, in amber during the last quarter, and the time since a missed target in red.

import { longer, now } from "./times.js";
import { phrase } from "./words.js";

export function startTargets() {
  document.body.addEventListener("htmx:afterRequest", countDown); // after an update of the page
  setInterval(countDown, 1000);
  countDown();
}

function countDown() {
  for (const time of document.querySelectorAll("time[data-target]")) {
    const left = Date.parse(time.dateTime) - now();
    const text = left < 0 ? phrase("{time} late", { time: long(-left) }) : phrase("{time} left", { time: long(left) });
    if (time.textContent !== text) time.textContent = text;
    const tone = left < 0 ? "fail" : now() >= Date.parse(time.dataset.target) ? "wait" : "";
    const marked = time.closest("[data-of-target]");
    if (marked.dataset.tone !== tone) marked.dataset.tone = tone;
  }
}

function long(ms) {
  return longer(Math.floor(ms / 60_000));
}
