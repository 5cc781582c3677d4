// The event stream: each visible tab has one connection, through htmx's SSE extension. The extension opens the connection
// and sends a request when a hint arrives. This script decides when to connect, detects a silent server, and shows the
// banner about a lost connection.

import { endWatch, keepsWatch } from "./hidden_tabs.js";
import { signInAgain } from "./post.js";
import { stopSpeaking } from "./tabs.js";
import { clockNow, setClock } from "./times.js";
import { phrase } from "./words.js";

const QUIET = 25_000; // ms of silence until the connection counts as lost; the server sends a heartbeat every 10 s
const ANSWER = 5_000; // the longest wait in ms for the event hello after connecting, and for the request before it
const SHOW_AFTER = 3_000; // the banner shows only interruptions longer than this, in ms
const ASLEEP_AFTER = 60_000; // ms; a tab that is hidden for this long closes its connection
const PAUSES = [500, 1000, 2000, 4000, 8000, 10_000];

const slot = document.getElementById("stream");
const banner = document.getElementById("connection");
let source = null;
let tries = 0;
let lostAt = null;
let nextTry = 0;
let watchdog;
let retry;
let asleep = false;
let missed = false; // the connection was lost, and the page may not show the changes since then

export function startStream() {
  document.body.addEventListener("htmx:sseOpen", (event) => (source = event.detail.source));
  document.body.addEventListener("htmx:sseError", lost);
  document.body.addEventListener("sse:hello", connected);
  document.body.addEventListener("sse:heartbeat", beat);
  document.addEventListener("visibilitychange", sleepOrWake);
  setInterval(showBanner, 500);
  connect();
}

// Whether the page may have missed changes since the last call.
export function tookMissed() {
  const was = missed;
  missed = false;
  return was;
}

function connect() {
  asleep = false;
  slot.replaceChildren(document.getElementById("stream-template").content.cloneNode(true));
  window.htmx.process(slot);
  watch(ANSWER);
}

function disconnect() {
  source?.close();
  source = null;
  slot.replaceChildren();
  clearTimeout(watchdog);
  clearTimeout(retry);
}

function connected(event) {
  setClock(event.detail?.data);
  if (lostAt !== null) missed = true;
  tries = 0;
  lostAt = null;
  showBanner();
  watch(QUIET);
}

function beat(event) {
  setClock(event.detail?.data);
  watch(QUIET);
}

function watch(patience) {
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, patience);
}

function lost() {
  if (asleep) return;
  disconnect();
  lostAt ??= Date.now();
  const pause = PAUSES[Math.min(tries++, PAUSES.length - 1)] * (0.8 + Math.random() * 0.4);
  nextTry = Date.now() + pause;
  retry = setTimeout(tryAgain, pause);
}

// The error event of a stream gives no reason. This function therefore sends an ordinary request first, to find out
// whether the session is still valid.
async function tryAgain() {
  try {
    const answer = await fetch("/workspace/counts", {
      headers: { "HX-Request": "true" },
      signal: AbortSignal.timeout(ANSWER),
    });
    if (answer.status === 401) return signInAgain();
    if (answer.ok) return connect();
  } catch {
    // The service is still unreachable.
  }
  lost();
}

function showBanner() {
  const shown = lostAt !== null && Date.now() - lostAt > SHOW_AFTER;
  if (shown) {
    banner.dataset.since ||= clockNow(document.body.dataset.zone);
    const seconds = Math.max(Math.ceil((nextTry - Date.now()) / 1000), 0);
    const lostAtTime = phrase("Connection lost at {time}.", { time: banner.dataset.since });
    const trying = seconds ? phrase("Trying again in {seconds} s.", { seconds }) : phrase("Trying now.");
    banner.lastElementChild.textContent = `${lostAtTime} ${trying} ${phrase("Your draft is kept.")}`;
  } else delete banner.dataset.since;
  banner.hidden = !shown;
  for (const button of document.querySelectorAll("[data-accept] button")) button.disabled = shown;
}

// Closes the stream of a tab that has been hidden for a minute. One hidden tab keeps its stream: it still updates its
// title and notifies the agent of offers.
function sleepOrWake() {
  clearTimeout(sleepOrWake.timer);
  if (document.hidden) {
    sleepOrWake.timer = setTimeout(async () => {
      if (await keepsWatch()) return;
      asleep = true;
      stopSpeaking();
      disconnect();
    }, ASLEEP_AFTER);
  } else {
    endWatch();
    if (asleep) connect();
  }
}
