// The brief and the timeline above the thread. The page fetches each one when it opens. The brief opens automatically
// for an agent of the live group who has just accepted the conversation, or who has not had it open for an hour.

import { NO_CONNECTION, showMessage, signInAgain } from "./post.js";

const LONG = 3_600_000; // ms; an agent who returns to a conversation after this time sees the brief again
const KEPT = 200; // the number of conversations for which the browser stores when they were last on the screen
const SEEN = `seen:${document.body.dataset.me}`;
const ACCEPTED = "accepted"; // stored from the moment when the agent accepts an offer until its page opens
const open = document.body.dataset.open;

export function startPanels() {
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", ({ key, target }) => {
    const panel = key === "Escape" && target.closest?.(".thread-panel");
    if (panel) close(panel.id);
  });
  document.body.addEventListener("submit", ({ target }) => {
    if (/\/offers\/\d+\/accept$/.test(target.action)) sessionStorage.setItem(ACCEPTED, Date.now());
  });
  if (!document.getElementById("brief")) return;
  document.getElementById("timeline").addEventListener("input", ({ target }) => target.id === "moment" && showMoment(target));
  backAgain();
  document.addEventListener("visibilitychange", backAgain);
  addEventListener("pagehide", remember);
  setInterval(remember, 60_000);
}

function clicked({ target }) {
  const opening = target.closest("[data-panel]");
  if (opening) toggle(opening.dataset.panel);
  const further = target.closest("[data-up-to]");
  if (further) load(document.getElementById("timeline"), true, `?up_to=${further.dataset.upTo}`);
  const closing = target.closest("[data-close-panel]");
  if (closing) close(closing.dataset.closePanel);
}

document.addEventListener("click", (event) => {
  const line = document.getElementById(`line-${event.target.closest("[data-to-line]")?.dataset.toLine}`);
  if (!line) return; // the link opens the page that contains the line
  event.preventDefault();
  point(line);
});

export function toggle(id) {
  const panel = document.getElementById(id);
  if (!panel) return;
  if (panel.hidden) load(panel, true);
  else close(id);
}

function close(id) {
  const panel = document.getElementById(id);
  const hadFocus = panel.contains(document.activeElement);
  panel.hidden = true;
  pointAt(null);
  if (hadFocus) document.getElementById("thread-scroll").focus();
}

async function load(panel, asked, query = "") {
  const answer = await fetch(`/workspace/conversations/${open}/${panel.id}${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer?.status === 401) return signInAgain();
  if (!answer?.ok) return asked && showMessage(answer ? await answer.text() : NO_CONNECTION);
  const scroller = document.getElementById("thread-scroll");
  const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  panel.innerHTML = await answer.text();
  for (const one of document.querySelectorAll(".thread-panel")) one.hidden = one !== panel; // the thread needs the space
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  const bar = panel.querySelector("#moment");
  if (bar) showMoment(bar, false);
  if (asked) (bar ?? panel.querySelector("h2")).focus();
}

// Opens the brief if the agent has joined the conversation, and has just accepted it or has not had it open in this
// browser for an hour.
function backAgain() {
  if (document.hidden) return remember();
  const accepted = sessionStorage.getItem(ACCEPTED);
  sessionStorage.removeItem(ACCEPTED);
  const joined = "joined" in (document.getElementById("owner")?.dataset ?? {});
  const away = Date.now() - (seen()[open] ?? 0) >= LONG;
  if (joined && (accepted || away)) load(document.getElementById("brief"), false);
  remember();
}

function seen() {
  return JSON.parse(localStorage.getItem(SEEN) ?? "{}");
}

function remember() {
  if (document.hidden) return;
  const all = Object.entries({ ...seen(), [open]: Date.now() }).sort((one, other) => other[1] - one[1]);
  localStorage.setItem(SEEN, JSON.stringify(Object.fromEntries(all.slice(0, KEPT))));
}

function showMoment(bar, points = true) {
  const items = [...document.getElementById("moment-list").children];
  for (const [n, item] of items.entries()) item.hidden = n !== Number(bar.value);
  const soFar = items.slice(0, Number(bar.value) + 1);
  bar.setAttribute("aria-valuetext", soFar.at(-1).dataset.description);
  const line = soFar.findLast((item) => item.dataset.seq); // an offer has no line in the conversation
  if (points) pointAt(document.getElementById(`line-${line?.dataset.seq}`));
}

// Unmarks the previous line, and marks this line if there is one.
function pointAt(line) {
  document.querySelector("[data-pointed]")?.removeAttribute("data-pointed");
  if (line) point(line);
}

function point(line) {
  document.querySelector("[data-pointed]")?.removeAttribute("data-pointed");
  line.dataset.pointed = "";
  line.scrollIntoView({ block: "nearest" });
}
