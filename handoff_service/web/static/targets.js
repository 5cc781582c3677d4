// The time left of targets: amber in the last quarter, red when a target was missed.

import { now } from "./times.js";

export function startTargets() {
  document.body.addEventListener("htmx:afterRequest", countDown); // after a newer state was put in place
  setInterval(countDown, 1000);
  countDown();
}

function countDown() {
  for (const time of document.querySelectorAll("time[data-target]")) {
    const left = Date.parse(time.dateTime) - now();
    const said = left < 0 ? `${long(-left)} late` : `${long(left)} left`;
    if (time.textContent !== said) time.textContent = said;
    const tone = left < 0 ? "fail" : now() >= Date.parse(time.dataset.target) ? "wait" : "";
    const marked = time.closest("[data-of-target]");
    if (marked.dataset.tone !== tone) marked.dataset.tone = tone;
  }
}

// 12 min, 1 h 05 min, 2 d 3 h
function long(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
