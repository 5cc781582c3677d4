// Dialogs: close a conversation, reject an offer, the list of keys. The browser gives the focus back when one closes.

import { why } from "./post.js";

export function startDialogs() {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => {
      const hiding = event.target.closest("[data-hide]");
      if (hiding) event.preventDefault(); // it may be a link, for where there is no script
      if (hiding || event.target === dialog) dialog.close();
    });
    dialog.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.requestConfig.verb !== "get") answered(dialog, event.detail);
    });
  }
  document.addEventListener("click", (event) => {
    const rejecting = event.target.closest("[data-reject]");
    if (rejecting) askWhy(rejecting.dataset.reject);
    if (event.target.closest("#close-it")) askHow();
    if (event.target.closest("#identify")) open("identify-dialog");
    if (event.target.closest("#show-keys")) showKeys();
    const showing = event.target.closest("[data-show]");
    if (showing) {
      event.preventDefault();
      open(showing.dataset.show);
    }
  });
  document.querySelector("#reject-dialog form").addEventListener("htmx:configRequest", (event) => {
    event.detail.path = event.currentTarget.dataset.path;
  });
}

export function askHow() {
  open("close-dialog");
}

export function showKeys() {
  document.getElementById("sheet").hidePopover();
  open("keys-dialog");
}

export function askWhy(offer) {
  const dialog = document.getElementById("reject-dialog");
  const form = dialog.querySelector("form");
  form.reset();
  form.dataset.path = `/workspace/offers/${offer}/reject`;
  const who = document.getElementById(`offer-${offer}`)?.dataset.who;
  document.getElementById("reject-title").textContent = who ? `Reject ${who}` : "Reject this offer";
  open("reject-dialog");
}

export function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  for (const problem of dialog.querySelectorAll('[role="alert"]')) problem.hidden = true;
  dialog.showModal();
}

function answered(dialog, { successful, xhr }) {
  if (successful) return dialog.close();
  const problem = dialog.querySelector('[role="alert"]');
  problem.textContent = why(xhr);
  problem.hidden = false;
}
