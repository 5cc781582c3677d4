// Sounds for offers and new messages, and system notifications for offers and for prompts of messaging actions. They work
// on every page. The server renders the notices in the page. Only one tab plays a sound or shows a notification, and
// none does while the agent's presence state gets no offers.

import { post } from "./post.js";
import { play } from "./sounds.js";
import { onScreens, speaks, startTabs } from "./tabs.js";
import { phrase } from "./words.js";

const KEY = `noticed:${document.body.dataset.me}`;

export async function startNotices() {
  askForNotifications();
  document.addEventListener("click", ({ target }) => {
    const opened = target.closest("[data-seen]");
    if (opened) post(opened.dataset.seen, {}); // opening the conversation counts as seeing the notice
  });
  document.body.addEventListener("sse:heartbeat", lookAgain);
  await startTabs();
  notice();
}

// Announces the offers, prompts and messages that no tab has announced yet.
export async function notice() {
  if (!speaks()) return;
  const page = onPage();
  const before = JSON.parse(localStorage.getItem(KEY) ?? "null") ?? page;
  const newest = { prompt: Math.max(page.prompt, before.prompt), message: Math.max(page.message, before.message) };
  localStorage.setItem(KEY, JSON.stringify({ ...newest, offers: page.offers }));
  if (!("takesWork" in document.getElementById("me").dataset)) return;
  const offers = page.offers.filter((id) => !before.offers.includes(id));
  const prompts = toasts().filter((toast) => Number(toast.dataset.prompt) > before.prompt);
  const arrived = Object.entries(unread()).filter(([, message]) => message > before.message);
  if (offers.length + prompts.length + arrived.length) await announce(offers, prompts, arrived);
}

// Moves the focus to the next toast or to the thread if ``change`` removes the toast that has the focus.
export function keepFocus(change) {
  const inside = document.getElementById("prompts").contains(document.activeElement);
  change();
  if (inside && !document.getElementById("prompts").contains(document.activeElement)) {
    (document.querySelector("#prompts .toast a") ?? document.getElementById("thread-scroll"))?.focus();
  }
}

function onPage() {
  return {
    offers: [...document.querySelectorAll("#offered > li")].map((offer) => offer.id),
    prompt: Math.max(0, ...toasts().map((toast) => Number(toast.dataset.prompt))),
    message: Math.max(0, ...Object.values(unread())),
  };
}

function toasts() {
  return [...document.querySelectorAll("#prompts [data-prompt]")];
}

// Returns, for each conversation, the number of its newest unread message.
function unread() {
  return JSON.parse(document.getElementById("count-unread").dataset.newest);
}

async function announce(offers, prompts, arrived) {
  const screens = await onScreens();
  if (offers.length) play("offer");
  else if (arrived.some(([conversation]) => !screens.includes(conversation))) play("message");
  if (screens.length) return;
  for (const id of offers) {
    const { who, why } = document.getElementById(id).dataset;
    notify(phrase("Offer: {who}", { who }), why, id, "/workspace#inbox-head");
  }
  for (const { id, dataset } of prompts) {
    notify(phrase("Prompt: {who}", { who: dataset.who }), dataset.sentence, id, `/workspace/conversations/${dataset.conversation}`);
  }
}

// Shows a notification with the requester's name and the reason. It never contains the text of a message.
function notify(title, body, tag, leadsTo) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  try {
    const notification = new Notification(title, { body, tag });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      location.assign(leadsTo);
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // browsers on phones cannot show notifications of this kind
  }
}

function askForNotifications() {
  const button = document.getElementById("notify");
  button.hidden = !("Notification" in window) || Notification.permission !== "default";
  button.addEventListener("click", async () => {
    await Notification.requestPermission();
    button.hidden = Notification.permission !== "default";
  });
}

// Updates a supervisor's prompts at each heartbeat if one of them is about a conversation without an assigned agent,
// because the supervisor's stream sends no hint when an agent answers that conversation.
function lookAgain() {
  if (document.querySelector(".toast[data-unassigned]")) window.htmx.trigger("#get-lists", "again");
}
