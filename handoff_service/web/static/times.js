// Updates the countdowns and waits on the page by the server's clock. This script remembers the difference between that
// clock and the browser's.

import { countPhrase, language, phrase } from "./words.js";

let ahead = 0; // the server's clock minus this one, in ms

export function setClock(serverTime) {
  const at = Date.parse(serverTime);
  if (!Number.isNaN(at)) ahead = at - Date.now();
}

export function clockNow(zone) {
  return new Intl.DateTimeFormat(language, { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(now());
}

export function runTimes() {
  setClock(document.body.dataset.now);
  setInterval(countDown, 250);
  setInterval(countWaits, 1000);
  setInterval(renewLately, 15_000);
  countDown();
  countWaits();
}

// Updates the waits, and the time left to answer offers.
export function countWaits() {
  for (const time of document.querySelectorAll("time[data-since]")) {
    put(time, long(Math.max(now() - Date.parse(time.dateTime), 0)));
    if (time.dataset.late) time.classList.toggle("fail", now() > Date.parse(time.dataset.late));
  }
  for (const time of document.querySelectorAll("time[data-left]")) {
    put(time, phrase("{seconds} s left", { seconds: Math.max(Math.round((Date.parse(time.dateTime) - now()) / 1000), 0) }));
  }
}

function put(time, text) {
  if (time.textContent !== text) time.textContent = text;
}

// Formats a duration with seconds: 4:02, 1 h 05 min, 2 d 3 h.
function long(ms) {
  const [seconds, minutes] = [1000, 60_000].map((unit) => Math.floor(ms / unit));
  if (minutes < 60) return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
  return longer(minutes);
}

// Formats a duration without seconds: 12 min, 1 h 05 min, 2 d 3 h.
export function longer(minutes) {
  if (minutes < 60) return phrase("{minutes} min", { minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return phrase("{hours} h {minutes} min", { hours, minutes: String(minutes % 60).padStart(2, "0") });
  return phrase("{days} d {hours} h", { days: Math.floor(hours / 24), hours: hours % 24 });
}

export function now() {
  return Date.now() + ahead;
}

function countDown() {
  for (const offer of document.querySelectorAll(".offer[data-due]")) {
    const left = Math.max(Math.round((Date.parse(offer.dataset.due) - now()) / 1000), 0);
    const ring = offer.querySelector(".ring");
    const output = ring.lastElementChild;
    const words = phrase("{seconds} s", { seconds: left });
    if (output.textContent === words) continue;
    output.textContent = words;
    ring.setAttribute("aria-label", countPhrase("{count} second left to accept", "{count} seconds left to accept", left));
    ring.querySelector("circle:last-child").setAttribute("stroke-dasharray", `${left} ${offer.dataset.given}`);
    ring.toggleAttribute("data-tone", left < 15);
    if (left < 15) ring.dataset.tone = "wait";
  }
}

// Updates relative times of less than an hour, and replaces older ones with a clock time. Also updates the waits that are
// counted in minutes.
function renewLately() {
  for (const time of document.querySelectorAll("time[data-lately]")) {
    const minutes = Math.floor((now() - Date.parse(time.dateTime)) / 60_000);
    if (minutes < 60) time.textContent = lately(minutes);
    else if (isLately(time.textContent)) time.textContent = localTime(time.dateTime);
  }
  for (const time of document.querySelectorAll("time[data-waits]")) {
    const minutes = Math.floor((now() - Date.parse(time.dateTime)) / 60_000);
    put(time, longer(minutes));
  }
}

function lately(minutes) {
  return minutes < 1 ? phrase("now") : longer(minutes);
}

function isLately(text) {
  return Array.from({ length: 60 }, (_, minutes) => lately(minutes)).includes(text);
}

function localTime(iso) {
  const format = { timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(language, format).format(Date.parse(iso));
}
