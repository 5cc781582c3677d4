// Single-key shortcuts. They are inactive in text fields, in dialogs, and after the agent has switched them off.

import { otherKind, writeNext } from "./composer.js";
import { toSearch } from "./search.js";
import { openClosing, openReject, showKeys } from "./dialogs.js";
import { onPicks, pickAll, pickFocused } from "./picks.js";
import { openMacros } from "./templates.js";
import { newMessage } from "./new_message.js";
import { toggle } from "./panels.js";
import { previewFocused } from "./preview.js";

const FIELDS = 'input:not([type="radio"], [type="checkbox"], [type="range"]), textarea, select, [contenteditable]';
const SOON = 1000; // the longest time between g and u, in ms
let afterG = 0;

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => document.querySelector("[data-accept] button:not(:disabled)")?.click(),
  r: () => {
    const offer = document.querySelector("[data-reject]");
    if (offer) openReject(offer.dataset.reject);
  },
  e: () => onPicks("close") || (document.getElementById("close-it") && openClosing()),
  "/": toSearch,
  h: () => onPicks("snooze") || document.getElementById("hold-it")?.click(),
  n: newMessage,
  l: () => onPicks("label") || document.getElementById("label-it")?.click(),
  x: pickFocused,
  X: pickAll,
  m: () => onPicks("macro") || openMacros(),
  t: () => document.getElementById("transfer-it")?.click(),
  i: toContext,
  g: () => (afterG = Date.now()),
  u: () => Date.now() - afterG < SOON && nextUnread(),
  "?": showKeys,
  Enter: toComposer,
  " ": previewFocused,
  b: () => toggle("brief"),
  v: () => toggle("timeline"),
};

export function startKeys() {
  const on = document.getElementById("keys-on");
  on.checked = localStorage.getItem("keys") !== "off";
  on.addEventListener("change", () => localStorage.setItem("keys", on.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => pressed(event, on.checked));
}

function pressed(event, singleKeys) {
  if (event.altKey && event.code === "KeyN") {
    event.preventDefault();
    otherKind();
    return writeNext();
  }
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.target.matches?.(FIELDS)) return event.key === "Escape" && leave(event);
  if (!singleKeys || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
  if (KEYS[event.key](event) !== false && event.key !== "Enter") event.preventDefault();
}

// Handles Esc in a field. If a popover is open, the browser closes it, and this function does nothing. Without a
// popover, Esc moves the focus from the composer to the thread, and removes it from any other field.
function leave({ target }) {
  if (document.querySelector(":popover-open")) return;
  const thread = target.id === "draft" && document.getElementById("thread-scroll");
  if (thread) thread.focus({ preventScroll: true });
  else target.blur();
}

function items() {
  return [...document.querySelectorAll("#ongoing > :not([hidden]) .item")];
}

function step(by) {
  const all = items();
  const focused = all.indexOf(document.activeElement);
  const from = focused >= 0 ? focused : all.findIndex((item) => item.hasAttribute("aria-current"));
  const to = from < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(from + by, 0), all.length - 1);
  all[to]?.focus();
}

function nextUnread() {
  const all = items();
  const at = all.findIndex((item) => item.hasAttribute("aria-current"));
  [...all.slice(at + 1), ...all.slice(0, at + 1)].find((item) => item.hasAttribute("data-unread"))?.click();
}

// Enter on an item of the list opens it. Enter moves the focus to the composer if the item's conversation is already
// open, or if the focus is on the thread or on no element.
function toComposer(event) {
  const item = document.activeElement.closest(".item");
  const nowhere = [document.body, document.getElementById("thread-scroll")].includes(document.activeElement);
  if (!nowhere && !item?.hasAttribute("aria-current")) return;
  event.preventDefault();
  writeNext();
}

function toContext() {
  const context = document.getElementById("context");
  if (!context) return;
  if (getComputedStyle(document.getElementById("to-context")).display !== "none") context.togglePopover();
  else document.getElementById("context-scroll").focus();
}
