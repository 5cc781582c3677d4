// Opens and closes the page's dialogs and menus, and asks before an action on a colleague's conversation.

import { errorOf, worked } from "./post.js";
import { phrase } from "./words.js";

const FIELDS = ".body :is(input:not([type=hidden]), select, textarea, button, a[href]):not(:disabled)";
const openers = new WeakMap(); // dialog -> the element that opened it, to which the focus returns

export function startDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      const hiding = event.target.closest("[data-hide]");
      if (hiding) event.preventDefault(); // the element can be a link for browsers without JavaScript
      if (hiding || event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => giveFocusBack(dialog));
    dialog.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.requestConfig.verb !== "get") answered(dialog, event);
    });
  }
  document.addEventListener("click", (event) => {
    const rejecting = event.target.closest("[data-reject]");
    if (rejecting) openReject(rejecting.dataset.reject);
    if (event.target.closest("#close-it")) openClosing();
    if (event.target.closest("#hold-it[aria-haspopup]")) openHold();
    const pressed = event.target.closest("[data-press]");
    if (pressed) document.getElementById(pressed.dataset.press)?.click();
    closeMenus(event.target);
    if (event.target.closest("#identify")) open("identify-dialog");
    if (event.target.closest("#show-keys")) showKeys();
    const showing = event.target.closest("[data-show]");
    if (showing) {
      event.preventDefault();
      open(showing.dataset.show);
    }
  });
  document.body.addEventListener("htmx:confirm", askFirst);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sendOpened(event);
    const search = event.key === "Escape" && event.target.closest?.('dialog[open] input[type="search"]');
    if (search && !event.defaultPrevented) {
      event.preventDefault(); // keep the browser from only clearing the field
      return search.closest("dialog").close();
    }
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.querySelector("#reject-dialog form").addEventListener("htmx:configRequest", (event) => {
    event.detail.path = event.currentTarget.dataset.path;
  });
}

// Sends the form of the open dialog on Ctrl+Enter or Cmd+Enter, as in the composer.
function sendOpened(event) {
  const button = event.target.closest?.("dialog[open] form")?.querySelector('.main[type="submit"]:not(:disabled)');
  if (!button || event.defaultPrevented || event.isComposing) return;
  event.preventDefault(); // keep the browser from sending the form a second time
  button.form.requestSubmit(button);
}

// Asks before an action on a colleague's conversation. The button's label names the action.
function askFirst(event) {
  const asking = event.target.closest("[data-ask]");
  if (!asking || event.detail.elt !== event.target) return;
  event.preventDefault();
  const button = asking.matches("button") ? asking : asking.querySelector("button[type=submit]");
  const yes = document.getElementById("ask-yes");
  document.getElementById("ask-what").textContent = asking.dataset.ask;
  yes.textContent = button.textContent.trim();
  yes.onclick = () => {
    document.getElementById("ask-dialog").close();
    event.detail.issueRequest(true);
  };
  open("ask-dialog");
}

// Shows in a dialog that a colleague has the conversation. It reads the owner from the page now, because the owner may
// have changed since the server rendered the dialog.
export function showOwner(dialog) {
  const { colleague, joined } = document.getElementById("owner")?.dataset ?? {};
  for (const warning of dialog.querySelectorAll("[data-anyway]")) {
    warning.hidden = !colleague || ("outsiders" in warning.dataset && joined !== undefined);
    warning.textContent = `${phrase("This is {name}'s conversation.", { name: `\u2068${colleague}\u2069` })} ${warning.dataset.anyway}`;
  }
}

function openHold() {
  document.querySelector("#hold-dialog form").reset();
  open("hold-dialog");
}

export function openClosing() {
  open("close-dialog");
}

export function showKeys() {
  document.getElementById("sheet").hidePopover();
  open("keys-dialog");
}

export function openReject(offer) {
  const dialog = document.getElementById("reject-dialog");
  const form = dialog.querySelector("form");
  form.reset();
  form.dataset.path = `/workspace/offers/${offer}/reject`;
  const { who, sender } = document.getElementById(`offer-${offer}`)?.dataset ?? {};
  const then = document.getElementById("reject-then");
  then.textContent = sender ? phrase("{name} keeps the conversation and sees why.", { name: sender }) : then.dataset.usual;
  document.getElementById("reject-title").textContent = who ? phrase("Reject {who}", { who }) : phrase("Reject this offer");
  open("reject-dialog");
}

// Closes menus, which are ``details`` elements, after a click elsewhere or on an entry.
function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target) || target.closest("button, a")) menu.open = false;
  }
}

export function open(id, opener = document.activeElement) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  for (const problem of dialog.querySelectorAll('[role="alert"]')) problem.hidden = true;
  showOwner(dialog);
  openers.set(dialog, opener);
  dialog.showModal();
  // Without this, the browser would focus the dialog's body if it can scroll, and not the first field.
  if (document.activeElement?.matches(".body")) dialog.querySelector(FIELDS)?.focus();
}

// Returns the focus to the element that opened the dialog. Usually the browser does this. It cannot if an update has
// replaced the element, or if the element is in a closed menu.
function giveFocusBack(dialog) {
  const opener = openers.get(dialog);
  const lost = () => document.activeElement === document.body || dialog.contains(document.activeElement);
  if (!opener || !lost()) return;
  const here = document.getElementById(opener.id) ?? opener;
  here.focus();
  if (lost()) here.closest("details.menu")?.querySelector("summary").focus();
}

function answered(dialog, { target, detail: { xhr } }) {
  if (worked(xhr)) return target.closest("[data-stays]") || dialog.close();
  const problem = dialog.querySelector('[role="alert"]');
  problem.textContent = errorOf(xhr);
  problem.hidden = false;
}
