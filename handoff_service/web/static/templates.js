// Templates: a list to choose from, by keys or by mouse, that puts a text into the composer or into a new message.

import { open } from "./dialogs.js";
import { why } from "./post.js";

const FIELDS = "#draft, #new-body";
const dialog = document.getElementById("template-dialog");
const field = document.getElementById("find-template");
const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
let target = null; // the text field that gets the template
let typed = false; // opened by a slash that was typed there: then the slash may also be the beginning of a text

export function startTemplates() {
  if (!dialog) return;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !event.target.matches(FIELDS) || event.target.value) return;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(event.target, true);
  });
  document.addEventListener("click", (event) => {
    const asking = event.target.closest("[data-templates]");
    if (asking) show(document.getElementById(asking.dataset.templates), false);
  });
  field.addEventListener("keydown", pressed);
  field.addEventListener("htmx:configRequest", ({ detail }) => askFor(detail));
  dialog.addEventListener("click", (event) => choose(event.target.closest('[role="option"]')));
  dialog.addEventListener("close", () => typed && goOnAsText());
  dialog.addEventListener("htmx:afterRequest", ({ detail }) => arrived(detail));
}

function show(into, byTyping) {
  target = into;
  typed = byTyping;
  field.value = "";
  open(dialog.id, into);
  field.focus();
  window.htmx.trigger(field, "again");
}

// In a new message the names are those of whoever is chosen there.
function askFor(detail) {
  if (target.id === "draft") return void (detail.path = field.dataset.conversation);
  const form = target.form;
  detail.parameters.choice = form.querySelector('[name="choice"]:checked')?.value ?? "";
  detail.parameters.from = form.elements.from.value;
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
  if (!found.length && typed && field.value) return dialog.close(); // its end lets the text go on
  select(found[0]);
  document.getElementById("templates-said").textContent = found.length === 1 ? "1 template" : `${found.length} templates`;
}

function pressed(event) {
  if (event.isComposing) return;
  if (event.key === "Enter") choose(chosen());
  else if (event.key === "Escape") dialog.close(); // before the browser empties the field
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

function choose(option) {
  if (!option) return;
  typed = false;
  dialog.close();
  put(option.dataset.text);
}

// No template was meant, or none fits: what was typed is a text that begins with a slash, such as a path.
function goOnAsText() {
  typed = false;
  put(`/${field.value}`);
}

// The browser's own way of typing, so that Ctrl+Z takes it back.
function put(text) {
  target.focus();
  target.setSelectionRange(target.selectionStart, target.selectionEnd); // else Chromium still types into the dialog
  if (document.execCommand("insertText", false, text)) return;
  target.setRangeText(text, target.selectionStart, target.selectionEnd, "end");
  target.dispatchEvent(new Event("input", { bubbles: true }));
}
