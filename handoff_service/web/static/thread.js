// The open conversation. This script inserts new lines without moving the lines that the agent is reading, and reports
// which messages the agent has read.

import { tookMissed } from "./event_stream.js";
import { merge } from "./merge.js";
import { closeComposer, renewComposer } from "./composer.js";
import { dropPending } from "./pending.js";
import { post } from "./post.js";
import { countPhrase } from "./words.js";

const NEAR = 80; // within this distance from the end in px, the thread scrolls to each new line
const READ_AFTER = 1000; // ms; a message counts as read after this time on the screen
const MOST_WATCHED = 50;

const scroller = document.getElementById("thread-scroll");
const jump = document.getElementById("jump");
let unseen = 0;
let following = false;
let lastTop = 0;
let atEnd = true; // whether the end was visible before the thread last grew
let reading;

export function startThread() {
  if (!scroller) return;
  const unread = document.getElementById("unread-line");
  const wanted = thread().querySelector(`:scope > [id="${CSS.escape(location.hash.slice(1))}"]`); // the line that a search found
  if (wanted) wanted.scrollIntoView({ block: "center" });
  else if (unread) scroller.scrollTop = unread.offsetTop - scroller.clientHeight / 3;
  else toEnd();
  atEnd = nearEnd();
  keepEnd();
  jump.addEventListener("click", toEnd);
  scroller.addEventListener("scroll", scrolled);
  document.addEventListener("visibilitychange", readSoon);
  scroller.addEventListener("scroll", readSoon);
  readSoon();
}

// Only scrolling up counts as leaving the end, because new lines may have made the thread longer before the event.
function scrolled() {
  const up = scroller.scrollTop < lastTop;
  lastTop = scroller.scrollTop;
  atEnd = nearEnd() || (atEnd && !up);
  if (atEnd) hideJump();
}

// Keeps the end visible when a picture loads, the composer grows or the agent's own text appears.
function keepEnd() {
  const observer = new ResizeObserver(() => atEnd && toEnd());
  for (const part of [thread(), scroller]) observer.observe(part);
}

// The next update scrolls to the end, because it contains the agent's own message. If the requester's newest message is
// visible, marks the messages as read.
export function follow() {
  following = true;
  readNow();
}

export function askForNews(parameters) {
  parameters.after = newest("[data-seq]")?.dataset.seq ?? 0;
  const open = [...thread().querySelectorAll("[data-open]")].slice(-MOST_WATCHED);
  parameters.watch = open.map((line) => line.dataset.seq).join(",");
}

export function showNews(html) {
  const near = nearEnd() || following;
  const arrived = merge(html).filter((item) => item.dataset.seq);
  if (following || arrived.some((line) => line.matches('.note, [data-from="agent"]'))) dropPending();
  else keepLast(document.getElementById("pending"));
  if (tookMissed()) markMissed(arrived);
  for (const line of arrived) line.classList.add("arrive");
  const messages = arrived.filter((line) => line.dataset.from);
  if (near && arrived.length) toEnd();
  else if (messages.length) showJump(messages.length);
  if (arrived.length) following = false;
  const closed = document.getElementById("closed");
  if (closed && !closed.hidden) closeComposer(closed);
  renewComposer();
  readSoon();
}

function keepLast(line) {
  line?.parentElement.append(line);
}

function thread() {
  return document.getElementById("thread");
}

// Returns the line that arrived last. It is not always at the end, because a recovered text is placed by the time at
// which it was sent.
function newest(which) {
  const lines = [...thread().querySelectorAll(`:scope > ${which}`)];
  return lines.reduce((found, line) => (Number(line.dataset.seq) > Number(found?.dataset.seq ?? 0) ? line : found), null);
}

function nearEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
}

function toEnd() {
  atEnd = true;
  scroller.scrollTop = scroller.scrollHeight;
  hideJump();
}

function showJump(more) {
  unseen += more;
  jump.lastElementChild.textContent = countPhrase("{count} new message", "{count} new messages", unseen);
  jump.hidden = false;
}

function hideJump() {
  unseen = 0;
  jump.hidden = true;
}

function markMissed(arrived) {
  const inbound = arrived.filter((line) => line.dataset.direction === "inbound");
  if (!inbound.length) return;
  document.getElementById("unread-line")?.remove();
  const line = document.createElement("li");
  Object.assign(line, { className: "unread-line", id: "unread-line" });
  line.dataset.owner = inbound[0].dataset.owner;
  line.textContent = countPhrase("{count} new message", "{count} new messages", inbound.length);
  inbound[0].before(line);
}

// Marks the messages as read after the requester's newest one was visible for a second. Changes in the thread do not
// restart this second, or a message in a busy thread would never count as read.
function readSoon() {
  const inbound = unreadOnScreen();
  if (inbound?.dataset.seq === reading?.seq) return;
  clearTimeout(reading?.timer);
  reading = inbound && { seq: inbound.dataset.seq, timer: setTimeout(readNow, READ_AFTER) };
}

// Marks all messages as read at once if the requester's newest one is visible. An agent who answers has read them.
export function readNow() {
  clearTimeout(reading?.timer);
  reading = undefined;
  const inbound = unreadOnScreen();
  if (!inbound) return;
  thread().dataset.read = inbound.dataset.seq;
  post(`/workspace/conversations/${document.body.dataset.open}/read`, { up_to: inbound.dataset.seq });
}

// Returns the requester's newest message if it is unread and visible.
function unreadOnScreen() {
  const read = thread().dataset.read;
  const inbound = newest('[data-direction="inbound"]');
  if (read === "" || !inbound || document.hidden || !onScreen(inbound)) return undefined;
  return Number(inbound.dataset.seq) > Number(read) ? inbound : undefined;
}

function onScreen(line) {
  const box = line.getBoundingClientRect();
  const view = scroller.getBoundingClientRect();
  return box.height > 0 && box.bottom > view.top && box.bottom <= view.bottom + 4;
}
