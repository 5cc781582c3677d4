// The command palette, whose field finds conversations, people, actions, macros, pages and settings.

import { otherKind, writeNext } from "./composer.js";
import { open } from "./dialogs.js";
import { listbox } from "./listbox.js";
import { errorOf } from "./post.js";
import { runMacro } from "./run_macro.js";
import { openMacros } from "./templates.js";
import { countPhrase } from "./words.js";

const dialog = document.getElementById("palette");
const field = document.getElementById("palette-find");
const found = document.getElementById("palette-found");
const MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);
let list;

const DOES = {
  write: writeNext,
  note: () => (otherKind("note"), writeNext()),
};

export function startPalette() {
  list = listbox(field, found, { choose });
  document.addEventListener("keydown", (event) => {
    const pressed = event.key.toLowerCase() === "k" && (MAC ? event.metaKey : event.ctrlKey);
    if (!pressed || event.altKey || event.shiftKey || event.isComposing) return;
    event.preventDefault(); // keep the browser from opening its own search
    if (dialog.open) dialog.close();
    else show();
  });
  document.addEventListener("click", ({ target }) => target.closest("#show-palette") && show());
  field.addEventListener("htmx:configRequest", ({ detail }) => (detail.parameters.open = document.body.dataset.open));
  dialog.addEventListener("htmx:afterRequest", ({ detail }) => arrived(detail));
  if (location.hash) toSetting();
}

// Opens the palette, except over a dialog, because the palette's actions would affect the page behind that dialog.
function show() {
  if (document.querySelector("dialog[open]")) return;
  document.getElementById("sheet").hidePopover();
  field.value = "";
  list.reset();
  found.replaceChildren();
  open(dialog.id);
  window.htmx.trigger(field, "again");
}

function arrived({ successful, xhr }) {
  const problem = dialog.querySelector('[role="alert"]');
  problem.hidden = successful || xhr.status === 0;
  if (!successful) return void (problem.textContent = errorOf(xhr));
  dropImpossible();
  const count = list.options().length;
  found.querySelector("#palette-none").hidden = count > 0;
  document.getElementById("palette-said").textContent = countPhrase("{count} result", "{count} results", count);
  list.renewed(); // last, because this call may choose an option
}

// Removes entries whose action is impossible now, because the page has no composer or no enabled button for it.
function dropImpossible() {
  for (const one of list.options()) if (!possible(one.dataset)) one.remove();
  for (const group of found.querySelectorAll('[role="group"]')) {
    if (!group.querySelector('[role="option"]')) group.remove();
  }
}

function possible({ press, does }) {
  if (does) return document.getElementById("composer") !== null;
  const button = press && document.getElementById(press);
  return !press || (button !== null && !button.disabled && !button.hidden);
}

function choose(option) {
  if (option.getAttribute("aria-disabled") === "true") return;
  const { press, does, href, run } = option.dataset;
  dialog.close();
  if (href) return location.assign(href);
  if (does) return DOES[does]();
  if (press) return document.getElementById(press).click();
  if (run && isColleagues()) return openMacros(option.dataset.name);
  if (run) return runMacro(option.dataset);
}

// Whether a colleague has the open conversation. The palette then opens the macros' popover, which asks first.
function isColleagues() {
  return "colleague" in (document.getElementById("owner")?.dataset ?? {});
}

// Moves the focus to the setting that the link names.
function toSetting() {
  const setting = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (setting?.matches("input, select, textarea, fieldset")) setting.focus();
}
