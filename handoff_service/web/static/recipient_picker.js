// Lets a person choose an agent, a queue, a label or a topic in a dialog. A field filters the choices, and the button's
// label names the chosen one.

export function startChoosing(dialog) {
  dialog.addEventListener("input", ({ target }) => target.dataset.finds && find(dialog, target));
  dialog.addEventListener("keydown", (event) => event.target.dataset.finds && toFound(dialog, event));
  dialog.addEventListener("change", ({ target }) => {
    if (target.name === "to") chooseKind(dialog);
    const form = target.closest("[data-whom]");
    if (form) labelButton(form);
  });
}

// Shows only one of the parts "To an agent" and "To a queue".
export function chooseKind(dialog) {
  const kind = dialog.querySelector('[name="to"]:checked')?.value;
  for (const part of dialog.querySelectorAll("[data-kind]")) {
    part.hidden = part.disabled = part.dataset.kind !== kind;
  }
}

// Shows the choices that contain the typed text, and always the chosen one.
function find(dialog, field) {
  const words = plain(field.value.trim());
  const choices = listed(dialog, field);
  const found = choices.filter((one) => plain(one.dataset.words).includes(words));
  for (const one of choices) one.hidden = !found.includes(one) && !one.querySelector(":checked");
  dialog.querySelector("[data-none]").hidden = found.length > 0;
}

// Enter chooses the first match if the field contains text. The down arrow moves the focus to the first match.
function toFound(dialog, event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || !["Enter", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  const words = plain(event.target.value.trim());
  const found = listed(dialog, event.target).filter((one) => plain(one.dataset.words).includes(words));
  const first = found.map((one) => one.querySelector("input:enabled")).find(Boolean);
  if (event.key === "ArrowDown") first?.focus();
  else if (words) first?.click();
}

function listed(dialog, field) {
  return [...dialog.querySelectorAll(`#${field.dataset.finds} > [data-words]`)];
}

// Returns the words in lower case without accents.
function plain(words) {
  return words.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

function labelButton(form) {
  const chosen = [...form.querySelectorAll("[data-name]:checked")].find((one) => !one.matches(":disabled"));
  const button = form.querySelector('button[type="submit"]');
  button.dataset.plain ??= button.textContent;
  const words = chosen && (chosen.dataset.does ?? form.dataset.whom);
  button.textContent = chosen ? words.replace("{}", chosen.dataset.name) : button.dataset.plain;
}
