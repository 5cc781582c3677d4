// Selects several conversations in the list, and keeps the selection when the list changes.

import { countPhrase } from "./words.js";

const picked = new Set();
const MOST = 100; // the most conversations for one action
const FADES = 15_000; // ms until Undo disappears; then the service sends the texts of the action
let fading;

export function startPicks() {
  if (!document.getElementById("bulk-bar")) return;
  document.addEventListener("change", ({ target }) => {
    if (target.matches(".pick")) pick(idOf(target), target.checked);
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("#bulk-clear")) clear();
    if (target.closest("#pick-several")) toggle();
    if (target.closest("#bulk-all")) pickAll();
    if (target.closest("[data-fade-now]")) fade();
  });
  document.body.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target.id !== "bulk-done") return;
    clear();
    fadeLater();
  });
}

export function pickFocused() {
  const box = document.activeElement.closest?.("#ongoing > li")?.querySelector(".pick");
  if (box) box.click();
}

// Selects the first conversations that match the list's filter, up to the limit.
export function pickAll() {
  for (const box of [...document.querySelectorAll("#ongoing > :not([hidden]) .pick")].slice(0, MOST)) picked.add(idOf(box));
  showPicks();
}

// Applies the key of an action to all selected conversations.
export function onPicks(action) {
  if (picked.size) document.getElementById(`bulk-${action}`).click();
  return picked.size > 0;
}

// Updates the boxes after a change of the list, and deselects conversations that are no longer in it.
export function showPicks() {
  const bar = document.getElementById("bulk-bar");
  if (!bar) return;
  const boxes = [...document.querySelectorAll("#ongoing > :not([hidden]) .pick")];
  const there = new Set(boxes.map(idOf));
  for (const id of [...picked]) if (!there.has(id)) picked.delete(id);
  for (const box of boxes) box.checked = picked.has(idOf(box));
  bar.hidden = !picked.size;
  document.getElementById("bulk-count").textContent = picked.size ? countPhrase("{count} selected", "{count} selected", picked.size) : "";
  document.getElementById("ongoing").toggleAttribute("data-picking", picked.size > 0 || picking());
}

export function fillFromPicks(dialog) {
  const form = dialog.querySelector("[data-takes-picks]");
  if (!form) return;
  form.elements.ids.value = [...picked].join(",");
}

// Returns the selection as the query of a dialog's address.
export function picksQuery() {
  return `?ids=${[...picked].join(",")}`;
}

// Finds an item's box. The boxes have no ids, which keeps the HTML of a list with a thousand items small.
function idOf(box) {
  return box.parentElement.id.slice("item-".length);
}

function pick(id, on) {
  if (on) picked.add(id);
  else picked.delete(id);
  showPicks();
}

function picking() {
  return document.body.hasAttribute("data-picking");
}

function toggle() {
  document.body.toggleAttribute("data-picking");
  document.getElementById("pick-several").setAttribute("aria-pressed", String(picking()));
  if (!picking()) picked.clear();
  showPicks();
}

function clear() {
  document.body.removeAttribute("data-picking");
  document.getElementById("pick-several")?.setAttribute("aria-pressed", "false");
  picked.clear();
  showPicks();
}

// Shows the result of an action, with Undo, until it fades.
export function showDone(html) {
  const done = document.getElementById("bulk-done");
  done.innerHTML = html;
  window.htmx.process(done);
  fadeLater();
}

function fadeLater() {
  clearTimeout(fading);
  fading = setTimeout(fade, FADES);
}

function fade() {
  document.getElementById("bulk-done").replaceChildren();
}
