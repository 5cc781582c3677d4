// Choosing an agent or a queue in a dialog: finding by words, and a button that says what pressing it does.

export function startChoosing(dialog) {
  dialog.addEventListener("input", ({ target }) => target.dataset.finds && find(dialog, target));
  dialog.addEventListener("change", ({ target }) => {
    if (target.name === "to") chooseKind(dialog);
    const form = target.closest("[data-whom]");
    if (form) sayWhat(form);
  });
}

// Of "To an agent" and "To a queue" one is shown.
export function chooseKind(dialog) {
  const kind = dialog.querySelector('[name="to"]:checked')?.value;
  for (const part of dialog.querySelectorAll("[data-kind]")) {
    part.hidden = part.disabled = part.dataset.kind !== kind;
  }
}

function find(dialog, field) {
  const words = field.value.trim().toLowerCase();
  const people = [...dialog.querySelectorAll(`#${field.dataset.finds} > [data-words]`)];
  for (const one of people) one.hidden = !one.dataset.words.includes(words);
  dialog.querySelector("[data-none]").hidden = people.some((one) => !one.hidden);
}

function sayWhat(form) {
  const chosen = [...form.querySelectorAll("[data-name]:checked")].find((one) => !one.matches(":disabled"));
  const button = form.querySelector('button[type="submit"]');
  button.dataset.plain ??= button.textContent;
  const words = chosen && (chosen.dataset.does ?? form.dataset.whom);
  button.textContent = chosen ? words.replace("{}", chosen.dataset.name) : button.dataset.plain;
}
