// The list pane and the rail: offers, ongoing conversations, counts, presence, the tab's title, notifications.

import { merge } from "./merge.js";

export function startLists() {
  document.addEventListener("offer-folded", () => {
    if (!document.querySelector("[data-gone]")) window.htmx.trigger("#get-lists", "again");
  });
  keepScroll();
  offerNotifications();
  showTheme();
  document.getElementById("theme").addEventListener("click", nextTheme);
}

export function askForLists(parameters) {
  const shown = [...document.querySelectorAll("[data-offer]")].map((offer) => offer.dataset.offer);
  Object.assign(parameters, { shown: shown.join(","), open: document.body.dataset.open });
  if (document.body.dataset.others) parameters.others = "1";
}

export function showLists(html) {
  const arrived = merge(html);
  for (const offer of arrived.filter((item) => item.dataset.offer)) notify(offer);
  const presence = document.getElementById("me").dataset.presence;
  for (const radio of document.querySelectorAll('#presences [name="presence"]')) radio.checked = radio.value === presence;
  const unread = Number(document.getElementById("count-unread").dataset.unread);
  document.title = `${unread ? `(${unread}) ` : ""}${document.body.dataset.title} · Patchboard`;
}

// The list stays where it was from page to page.
function keepScroll() {
  const scroller = document.getElementById("list-scroll");
  if (!scroller) return;
  if (!location.hash) scroller.scrollTop = Number(sessionStorage.getItem("list-scroll") ?? 0);
  addEventListener("pagehide", () => sessionStorage.setItem("list-scroll", scroller.scrollTop));
}

// Who and why, never a text.
function notify(offer) {
  if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
  const said = new Notification(`Offer: ${offer.dataset.who}`, { body: offer.dataset.why, tag: offer.id });
  said.addEventListener("click", () => window.focus());
}

function offerNotifications() {
  const button = document.getElementById("notify");
  button.hidden = !("Notification" in window) || Notification.permission !== "default";
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = Notification.permission !== "default";
  });
}

const THEMES = { "": "as this device", light: "light", dark: "dark" };

function nextTheme() {
  const names = Object.keys(THEMES);
  const now = document.documentElement.dataset.theme ?? "";
  const next = names[(names.indexOf(now) + 1) % names.length];
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  localStorage.setItem("theme", next);
  showTheme();
}

function showTheme() {
  const now = document.documentElement.dataset.theme ?? "";
  document.querySelector("#theme span").textContent = `Theme: ${THEMES[now]}`;
}
