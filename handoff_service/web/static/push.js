// The row of the account page that switches on this browser's notifications while no workspace page is open.

import { NO_CONNECTION, post, showMessage } from "./post.js";
import { phrase } from "./words.js";

const row = document.getElementById("push-here");
const { key } = row.dataset;

async function subscription() {
  const worker = await navigator.serviceWorker.getRegistration("/workspace");
  return (await worker?.pushManager.getSubscription()) ?? null;
}

// Returns the state that the row shows. A subscription with an old key of the desk no longer works and counts as off.
async function state() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return "absent";
  if (Notification.permission === "denied") return "denied";
  const found = await subscription();
  return found && encoded(found.options.applicationServerKey) === key && known(found) ? "on" : "off";
}

function known({ endpoint }) {
  return [...document.querySelectorAll("[data-push-address]")].some((one) => one.dataset.pushAddress === endpoint);
}

function encoded(buffer) {
  return btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return show();
  await navigator.serviceWorker.register("/service-worker.js", { scope: "/workspace" });
  const worker = await navigator.serviceWorker.ready;
  await (await subscription())?.unsubscribe();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { p256dh, auth } = made.toJSON().keys;
  const answer = await post("/workspace/account/notifications", { way: "push", address: made.endpoint, p256dh, auth });
  if (answer?.ok) return location.assign("/workspace/account?done=notify#notices-head");
  return showMessage(answer ? await answer.text() : NO_CONNECTION);
}

async function show() {
  const now = await state();
  for (const part of row.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== now;
}

row.querySelector("button").addEventListener("click", async () => {
  try {
    await turnOn();
  } catch (error) {
    showMessage(phrase("This browser could not turn notifications on: {reason}", { reason: error.message }));
  }
});
show();
