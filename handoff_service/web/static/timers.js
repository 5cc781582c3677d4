// The timers of the open conversation. This script counts down to their due times, and opens the dialog that changes
// them.

import { open } from "./dialogs.js";
import { now } from "./times.js";
import { phrase } from "./words.js";

export function startTimers() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-timers]")) open("timers-dialog");
  });
  document.body.addEventListener("htmx:afterRequest", countDown); // after an update of the page
  setInterval(countDown, 250);
  countDown();
}

function countDown() {
  for (const time of document.querySelectorAll("[data-countdown]")) {
    const text = left(Date.parse(time.dateTime) - now());
    if (time.textContent !== text) time.textContent = text;
  }
  const chip = document.getElementById("timer-chip");
  if (chip) chip.toggleAttribute("data-soon", Date.parse(chip.querySelector("time").dateTime) - now() < 60_000);
}

// Formats the time left: 0:42, 23:46, 5 h 07 min, 2 d 3 h.
function left(ms) {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const two = (n) => String(n).padStart(2, "0");
  if (!seconds) return phrase("now");
  if (days) return hours ? phrase("{days} d {hours} h", { days, hours }) : phrase("{days} d", { days });
  if (hours) return phrase("{hours} h {minutes} min", { hours, minutes: two(minutes) });
  return `${minutes}:${two(seconds % 60)}`;
}
