// Shows the lines of a text area as chips, one chip for each line. This script hides the text area, but the form still
// sends it.

import { phrase } from "./words.js";

export function startChips() {
  makeAll(document);
  document.body.addEventListener("htmx:load", ({ target }) => makeAll(target));
}

function makeAll(root) {
  for (const part of root.querySelectorAll("[data-chips]:not([data-made])")) make(part);
}

function make(part) {
  part.dataset.made = "";
  const sent = part.querySelector("textarea");
  const known = JSON.parse(part.dataset.chips);
  const list = part.appendChild(document.createElement("ul"));
  const field = part.appendChild(fieldOf(sent, known));
  const create = part.appendChild(Object.assign(document.createElement("button"), { type: "button", className: "btn", hidden: true }));
  sent.hidden = true;
  const values = () => [...list.children].map((chip) => chip.dataset.value);
  const update = () => {
    sent.value = [...values(), field.value.trim()].filter(Boolean).join("\n");
    create.hidden = !unknown(field.value);
    create.textContent = phrase("Create {kind} “{name}”", { kind: part.dataset.creates, name: field.value.trim() });
    sent.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const unknown = (text) => part.dataset.creates && text.trim() && !named(known, text) && !named(values(), text);
  const add = (text) => {
    const value = named(known, text) ?? text.trim();
    if (value && !named(values(), value)) list.append(chip(value, update, field));
    field.value = "";
    update();
  };
  for (const value of sent.value.split("\n").map((line) => line.trim()).filter(Boolean)) list.append(chip(value, update, field));
  field.addEventListener("input", (event) => {
    event.stopPropagation(); // only the text area reports the change
    if (field.value.endsWith(",") && !unknown(field.value.slice(0, -1))) add(field.value.slice(0, -1));
    else if (named(known, field.value) && event.inputType === undefined) add(field.value); // the person chose an option from the list
    else update();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && field.value.trim()) {
      event.preventDefault();
      if (unknown(field.value)) create.focus();
      else add(field.value);
    }
    if (event.key === "Backspace" && !field.value) list.lastElementChild?.querySelector("button").click();
  });
  field.addEventListener("change", (event) => {
    event.stopPropagation();
    if (field.value.trim() && !unknown(field.value)) add(field.value);
  });
  create.addEventListener("click", () => {
    const value = field.value.trim();
    const agreed = Object.assign(document.createElement("input"), { type: "hidden", name: "create", value: `${sent.name}:${value}` });
    add(value);
    list.lastElementChild.append(agreed);
    field.focus();
  });
}

function fieldOf(sent, known) {
  const field = Object.assign(document.createElement("input"), { className: "input", autocomplete: "off", maxLength: 200, dir: "auto" });
  const options = document.createElement("datalist");
  options.id = `${sent.id}-known`;
  options.append(...known.map((value) => Object.assign(document.createElement("option"), { value })));
  for (const name of ["aria-label", "aria-describedby", "aria-invalid"]) {
    if (sent.hasAttribute(name)) field.setAttribute(name, sent.getAttribute(name));
  }
  field.setAttribute("list", options.id);
  field.id = sent.id; // the label now belongs to this field
  sent.removeAttribute("id");
  sent.after(options);
  return field;
}

function chip(value, update, field) {
  const made = document.createElement("li");
  made.dataset.value = value;
  const name = Object.assign(document.createElement("span"), { textContent: value, dir: "auto" });
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  remove.setAttribute("aria-label", phrase("Remove {name}", { name: value }));
  remove.addEventListener("click", () => {
    made.remove();
    update();
    field.focus();
  });
  made.append(name, remove);
  return made;
}

// Returns the value that equals this text, ignoring case.
function named(values, text) {
  const same = text.trim().toLowerCase();
  return values.find((value) => value.toLowerCase() === same);
}
