// Counts the unsaved changes of a form, and warns before they are lost.

import { open } from "./dialogs.js";
import { countPhrase } from "./words.js";

const IGNORED = /^(csrf|command|was|create|keep-.*|add|remove|refresh|dry_run)$/;

export function startUnsaved() {
  const form = document.querySelector("form[data-guarded]");
  if (!form) return;
  const first = valuesOf(form);
  // the fields that already had unsaved changes when the service sent the form back
  const sentBack = new Set(JSON.parse(form.dataset.unsaved));
  let leaving = false;
  const count = () => {
    const now = valuesOf(form);
    const names = [...new Set([...first.keys(), ...now.keys()])].filter((name) => first.get(name) !== now.get(name));
    return new Set([...names, ...sentBack]).size;
  };
  const show = () => showCount(count());
  for (const changed of ["input", "change"]) document.addEventListener(changed, show);
  new MutationObserver(show).observe(form, { childList: true, subtree: true });
  addEventListener("pageshow", show); // after the browser's Back button, too
  show();
  // the browser scrolls only to the cursor, and the bar with Save would cover the rest of a text area
  document.addEventListener("keyup", ({ key, target }) => {
    if (key === "Tab" && target.matches("textarea")) target.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("submit", (event) => {
    leaving ||= event.target === form || "leaves" in event.target.dataset;
  });
  document.getElementById("discard").addEventListener("click", () => (leaving = true));
  addEventListener("beforeunload", (event) => {
    if (!leaving && count()) event.preventDefault();
  });
  askBeforeLinks(() => !leaving && count(), () => (leaving = true));
  keepMineOnceEdited(form);
}

// Returns the value of each field. The fields of a part with data-counts have one value together.
function valuesOf(form) {
  const values = new Map();
  for (const field of [...form.elements].filter((one) => one.matches("input, select, textarea"))) {
    const name = field.closest("[data-counts]")?.dataset.counts ?? field.name;
    if (!name || IGNORED.test(name)) continue;
    const off = ["checkbox", "radio"].includes(field.type) && !field.checked;
    const value = off ? "" : `${field.name}=${field.value.trim()}\n`;
    values.set(name, (values.get(name) ?? "") + value);
  }
  return values;
}

function showCount(count) {
  const bar = document.getElementById("save-bar");
  bar.toggleAttribute("data-unsaved", count > 0);
  const words = count ? countPhrase("{count} unsaved change", "{count} unsaved changes", count) : "";
  const output = document.getElementById("unsaved");
  if (output.textContent !== words) output.textContent = words;
  document.getElementById("discard").hidden = !count;
}

function askBeforeLinks(unsaved, leave) {
  const dialog = document.getElementById("leave-dialog");
  let to;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || link.id === "discard" || link.id === "leave" || keepsPage(link, event) || !unsaved()) return;
    event.preventDefault();
    event.stopPropagation();
    to = link.href;
    document.getElementById("leave-count").textContent = document.getElementById("unsaved").textContent;
    open(dialog.id, link);
  }, { capture: true });
  document.getElementById("leave").addEventListener("click", () => {
    leave();
    location.assign(to);
  });
}

// Whether the click keeps the page open.
function keepsPage(link, event) {
  const elsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.target === "_blank";
  const here = link.getAttribute("href").startsWith("#") || link.hasAttribute("download");
  return elsewhere || here || link.matches("[data-load], [data-show], [data-hide]");
}

// Selects "Keep mine" as soon as the admin edits a field that somebody else has changed, too.
function keepMineOnceEdited(form) {
  form.addEventListener("input", ({ target }) => {
    const mine = form.querySelector(`[name="keep-${CSS.escape(target.name)}"][value="mine"]`);
    if (mine) mine.checked = true;
  });
}
