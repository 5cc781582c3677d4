// The popover with templates and macros, above the text field. It shows a preview of the selected one.

import { showOwner } from "./dialogs.js";
import { listbox } from "./listbox.js";
import { runMacro } from "./run_macro.js";
import { errorOf } from "./post.js";
import { countPhrase } from "./words.js";

const FIELDS = "#draft, #new-body, #closing-text";
const GAP = 8; // px between the popover and the field
const LEAST = 220; // the least height in px that the popover needs above the field
const RECENT = `recent:${document.body.dataset.me}`;
const MOST_RECENT = 5;
const picker = document.getElementById("picker");
const field = document.getElementById("picker-find");
const preview = document.getElementById("picker-preview");
let list;
let target = null; // the text field that gets the template
let opener = null; // the element that had the focus before
let kind = "templates";
let typed = false; // whether a typed slash opened the popover; a text can also begin with a slash

export function startTemplates() {
  if (!picker) return;
  list = listbox(field, document.getElementById("picker-found"), { choose, selected: showPreview });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !event.target.matches(FIELDS) || event.target.value) return;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(event.target, "templates", { byTyping: true });
  });
  document.addEventListener("click", (event) => {
    const asking = event.target.closest("[data-picks]");
    if (asking) show(document.getElementById(asking.dataset.picks), asking.dataset.kind);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault(); // keep the browser from clearing the field or closing the dialog around it
    picker.hidePopover();
  });
  field.addEventListener("htmx:configRequest", ({ detail }) => askFor(detail));
  document.addEventListener("focusin", ({ target: focused }) => {
    if (!picker.contains(focused)) closePicker(); // because the popover could cover the focused element
  });
  picker.addEventListener("toggle", ({ newState }) => newState === "closed" && closed());
  picker.addEventListener("htmx:afterRequest", ({ detail }) => arrived(detail));
  addEventListener("resize", () => isOpen() && place());
}

export function openMacros(words = "") {
  const draft = document.getElementById("draft");
  if (draft) show(draft, "macros", { words });
}

export function closePicker() {
  if (isOpen()) picker.hidePopover();
}

function isOpen() {
  return picker?.matches(":popover-open") ?? false;
}

function show(into, newKind, { byTyping = false, words = "" } = {}) {
  target = into;
  opener = document.activeElement;
  kind = newKind;
  typed = byTyping;
  field.value = words;
  list.reset();
  for (const part of picker.querySelectorAll("[data-templates]")) part.textContent = part.dataset[kind];
  for (const part of picker.querySelectorAll("[data-of]")) part.hidden = part.dataset.of !== kind;
  for (const problem of picker.querySelectorAll('[role="alert"]')) problem.hidden = true;
  (into.closest("dialog") ?? document.body).append(picker); // nothing outside a modal dialog can be used
  place();
  picker.showPopover();
  showOwner(picker);
  if (kind === "templates") picker.querySelector("[data-anyway]").hidden = true;
  field.focus();
  requestAnimationFrame(place); // on narrow screens, the composer shrinks when it loses the focus
  window.htmx.trigger(field, "again");
}

// Places the popover above the field if there is enough room, or as much room as below. Otherwise places it below.
function place() {
  const box = (target.closest(".composer") ?? target).getBoundingClientRect();
  const below = innerHeight - box.bottom;
  const above = box.top >= LEAST || box.top >= below;
  const width = Math.min(Math.max(box.width, 672), innerWidth - 2 * GAP);
  const left = Math.min(Math.max(box.left + (box.width - width) / 2, GAP), innerWidth - width - GAP);
  const set = (name, px) => picker.style.setProperty(name, px === null ? "auto" : `${Math.round(px)}px`);
  set("--left", left);
  set("--width", width);
  set("--top", above ? null : box.bottom + GAP);
  set("--bottom", above ? innerHeight - box.top + GAP : null);
  set("--room", (above ? box.top : below) - 2 * GAP);
}

// Adds the chosen recipient to the request from a new message, because the service fills the placeholders.
function askFor(detail) {
  detail.parameters.recent = recent().join(",");
  if (target.id !== "new-body") return void (detail.path = field.dataset.conversation + kind);
  const form = target.form;
  detail.parameters.choice = form.querySelector('[name="choice"]:checked')?.value ?? "";
  detail.parameters.from = form.elements.from.value;
}

function arrived({ successful, xhr }) {
  if (!isOpen()) return;
  const problem = picker.querySelector('[role="alert"]');
  problem.hidden = successful || xhr.status === 0;
  if (!successful) return void (problem.textContent = errorOf(xhr));
  const found = list.options();
  if (!found.length && typed && field.value) return picker.hidePopover(); // the agent is typing a text with a slash
  document.getElementById("picker-said").textContent = kind === "macros"
    ? countPhrase("{count} macro", "{count} macros", found.length)
    : countPhrase("{count} template", "{count} templates", found.length);
  list.renewed(); // last, because this call may choose an option
}

function showPreview(option) {
  const content = option?.querySelector("template")?.content.cloneNode(true);
  preview.replaceChildren(...(content ? [content] : []));
  preview.hidden = !content;
}

function choose(option) {
  if (option.getAttribute("aria-disabled") === "true") return;
  typed = false;
  picker.hidePopover();
  if (kind === "macros") return runMacro(option.dataset);
  remember(option.dataset.id);
  replaceDefault();
  typeInto(target, option.dataset.text);
}

// Lets a template replace the default closing text, unless the agent has changed that text.
function replaceDefault() {
  if (target.id === "closing-text" && target.value === target.defaultValue) target.select();
}

function closed() {
  const text = typed ? `/${field.value}` : ""; // the agent chose no template, and wrote a text that begins with a slash
  typed = false;
  if (text) typeInto(target, text);
  else if (picker.contains(document.activeElement) || document.activeElement === document.body) focusBack();
  document.body.append(picker); // out of the dialog, which an update may replace
}

// Moves the focus to the text field after a template, and to the element that had it before after a macro.
function focusBack() {
  document.activeElement.blur();
  if (kind === "templates") target.focus();
  else opener.focus();
}

function recent() {
  return JSON.parse(localStorage.getItem(RECENT) ?? "[]");
}

function remember(id) {
  const ids = [id, ...recent().filter((one) => one !== id)].slice(0, MOST_RECENT);
  localStorage.setItem(RECENT, JSON.stringify(ids));
}

// Inserts text as if the agent had typed it, so that Ctrl+Z undoes it.
export function typeInto(field, text) {
  field.focus();
  field.setSelectionRange(field.selectionStart, field.selectionEnd); // without this, Chromium types into the popover
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
