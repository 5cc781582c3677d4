// Updates the list pane and the rail: offers, ongoing conversations, counts, presence and the tab's title. Also
// switches the theme.

import { hasDraft } from "./composer.js";
import { merge } from "./merge.js";
import { showPicks } from "./picks.js";
import { keepFocus, notice } from "./notices.js";
import { checkPreview } from "./preview.js";
import { phrase } from "./words.js";

export function startLists() {
  document.addEventListener("offer-folded", () => {
    if (!document.querySelector("[data-gone]")) window.htmx.trigger("#get-lists", "again");
  });
  keepScroll();
  markDrafts();
  addEventListener("storage", markDrafts);
  showTheme();
  document.getElementById("theme").addEventListener("click", nextTheme);
}

export function askForLists(parameters) {
  const shown = [...document.querySelectorAll("[data-offer]")].map((offer) => offer.dataset.offer);
  Object.assign(parameters, { shown: shown.join(","), open: document.body.dataset.open });
  for (const name of ["others", "all"]) if (document.body.dataset[name]) parameters[name] = "1";
}

export function showLists(html) {
  keepFocus(() => merge(html));
  markDrafts();
  showPicks();
  checkPreview();
  const presence = document.getElementById("me").dataset.presence;
  for (const radio of document.querySelectorAll('#presences [name="presence"]')) radio.checked = radio.value === presence;
  const unread = Number(document.getElementById("count-unread").dataset.unread);
  document.title = `${unread ? `(${unread}) ` : ""}${document.body.dataset.title} · Patchboard`;
  notice();
}

// Marks conversations with a draft, except the open one, whose draft is visible. It also applies the filter Draft,
// because only this browser has the drafts.
function markDrafts() {
  const only = document.getElementById("list-shows")?.value === "draft";
  let shown = 0;
  for (const item of document.querySelectorAll("#ongoing .item")) {
    const id = item.id.slice("to-".length);
    const drafted = hasDraft(id);
    for (const part of [item, ...item.querySelectorAll(".snippet")]) {
      if (drafted && id !== document.body.dataset.open) part.dataset.draft = phrase("Draft");
      else delete part.dataset.draft;
    }
    item.parentElement.hidden = only && !drafted;
    if (drafted) shown += 1;
  }
  const none = document.getElementById("no-drafts");
  if (none) none.hidden = !only || shown > 0;
}

// Restores the list's scroll position on the next page, and scrolls further if the open conversation would be hidden.
function keepScroll() {
  const scroller = document.getElementById("list-scroll");
  if (!scroller) return;
  if (!location.hash) {
    scroller.scrollTop = Number(sessionStorage.getItem("list-scroll") ?? 0);
    scroller.querySelector('.item[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
  }
  addEventListener("pagehide", () => sessionStorage.setItem("list-scroll", scroller.scrollTop));
}

const THEMES = {
  "": phrase("Theme: same as device"),
  light: phrase("Theme: light"),
  dark: phrase("Theme: dark"),
};

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
  document.querySelector("#theme span").textContent = THEMES[now];
}
