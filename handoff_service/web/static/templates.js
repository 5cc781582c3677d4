// Templates: a list to choose from, by keys or by mouse, that puts a text into the composer.

import { open } from "./dialogs.js";
import { why } from "./post.js";

const draft = document.getElementById("draft");
const dialog = document.getElementById("template-dialog");
const field = document.getElementById("find-template");
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };

export function startTemplates() {
  if (!draft) return;
  draft.addEventListener("keydown", (event) => {
    if (event.key !== "/" || draft.value || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show();
  });
  document.getElementById("to-templates").addEventListener("click", show);
  field.addEventListener("keydown", pressed);
  dialog.addEventListener("click", (event) => choose(event.target.closest('[role="option"]')));
  dialog.addEventListener("htmx:afterRequest", ({ detail }) => arrived(detail));
}

function show() {
  field.value = "";
  open(dialog.id);
  field.focus();
  window.htmx.trigger(field, "again");
}

function options() {
  return [...dialog.querySelectorAll('[role="option"]')];
}

function chosen() {
  return dialog.querySelector('[role="option"][aria-selected="true"]');
}

function arrived({ successful, xhr }) {
  const problem = dialog.querySelector('[role="alert"]');
  problem.hidden = successful || xhr.status === 0;
  if (!successful) return void (problem.textContent = why(xhr));
  const found = options();
  select(found[0]);
  document.getElementById("templates-said").textContent = found.length === 1 ? "1 template" : `${found.length} templates`;
}

function pressed(event) {
  if (event.isComposing) return;
  if (event.key === "Enter") choose(chosen());
  else if (event.key in STEPS) move(STEPS[event.key]);
  else return;
  event.preventDefault();
}

function move(by) {
  const all = options();
  const at = all.indexOf(chosen()) + by;
  select(all[Math.min(Math.max(at, 0), all.length - 1)]);
}

function select(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  if (option) field.setAttribute("aria-activedescendant", option.id);
  else field.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

// The browser's own way of typing, so that Ctrl+Z takes it back.
function choose(option) {
  if (!option) return;
  dialog.close();
  draft.focus();
  draft.setSelectionRange(draft.selectionStart, draft.selectionEnd); // else Chromium still types into the dialog
  if (document.execCommand("insertText", false, option.dataset.text)) return;
  draft.setRangeText(option.dataset.text, draft.selectionStart, draft.selectionEnd, "end");
  draft.dispatchEvent(new Event("input", { bubbles: true }));
}
