// The admin's forms. While an admin types a text with placeholders, the page shows a preview. An admin can also add and
// remove rows.

import { counted, words } from "./segments.js";

export function startForms() {
  for (const part of document.querySelectorAll(".field[data-words]")) keepCurrent(part);
  for (const rows of document.querySelectorAll("[data-rows]")) addAndRemove(rows);
  nameCountries();
  document.body.addEventListener("schedule-written", writeSchedule);
  for (const link of document.querySelectorAll("[data-to-field]")) link.addEventListener("click", toField);
}

// Moves the focus to the field when the admin clicks the link of its error.
function toField(event) {
  const field = document.getElementById(decodeURIComponent(event.currentTarget.hash.slice(1)));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
}

function keepCurrent(part) {
  const field = part.querySelector("textarea");
  const sms = JSON.parse(field.dataset.sms);
  const show = () => {
    for (const reads of part.querySelectorAll(".reads")) {
      const values = JSON.parse(reads.dataset.values);
      const text = (field.value.trim() || field.placeholder).replace(/\{([^{}]*)\}/g, (all, name) => values[name] ?? all);
      const length = counted(text, sms);
      const output = reads.querySelector("output");
      output.textContent = words(length);
      output.classList.toggle("wait", length.count > 1);
      reads.querySelector(".bubble").textContent = text;
    }
  };
  field.addEventListener("input", show);
  show();
}

// Adds a row, which is a copy of the last row that the server rendered. That row is always empty.
function addAndRemove(rows) {
  const empty = rows.lastElementChild.cloneNode(true);
  const add = rows.parentElement.querySelector("[data-add]");
  add.hidden = false;
  add.addEventListener("click", () => {
    rows.append(empty.cloneNode(true));
    number(rows);
    rows.lastElementChild.querySelector("input").focus();
  });
  rows.addEventListener("click", (event) => {
    const row = event.target.closest("[data-remove]")?.closest("li");
    if (!row) return;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    number(rows);
    (next?.querySelector("input") ?? add).focus();
  });
  number(rows);
}

function number(rows) {
  for (const [at, row] of [...rows.children].entries()) {
    row.querySelector("[data-remove]").hidden = false;
    for (const named of row.querySelectorAll("[aria-label]"))
      named.setAttribute("aria-label", named.getAttribute("aria-label").replace(/\d+$/, at + 1));
  }
}

// Adds the countries' names, which the browser has in the page's language, to the options.
export function nameCountries() {
  const called = new Intl.DisplayNames([document.documentElement.lang || "en"], { type: "region", fallback: "none" });
  for (const option of document.querySelectorAll("select[name='country'] option")) {
    const name = /^[A-Z]{2}$/.test(option.value) && called.of(option.value);
    if (name) option.textContent = `${option.value} · ${name}`;
  }
}

// Copies the opening hours from the week grid to the field. The grid listens for the field's event ``input``. This
// function fires ``change`` instead, so the grid does not react to its own value.
function writeSchedule({ detail }) {
  const field = document.getElementById("schedule");
  field.value = detail.value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
