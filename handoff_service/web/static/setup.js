// The pages of the set-up. They fill in the browser's time zone and country, copy links, and show the test text when it
// arrives.

import { nameCountries } from "./forms.js";
import { phrase } from "./words.js";

const ASKS_EVERY = 1000; // ms between two requests for the state of the test text

function fillIn(form) {
  const zone = form.elements.time_zone;
  zone.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
  const region = new Intl.Locale(navigator.language).region;
  const country = form.elements.country;
  if ([...country.options].some((option) => option.value === region)) country.value = region;
}

function copies(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("input").value);
    button.textContent = phrase("Copied");
  });
}

async function ask(state) {
  try {
    const answer = await fetch(state.dataset.asks, { headers: { "HX-Request": "true" } });
    if (answer.ok) show(state, await answer.text());
  } catch {
    // The next request shows the state.
  }
  if (!state.querySelector("[data-by-agent]")) setTimeout(() => ask(state), ASKS_EVERY);
}

function show(state, html) {
  if (state.dataset.shown === html) return;
  state.dataset.shown = html;
  state.innerHTML = html;
  if (!state.querySelector("[data-answered]")) return;
  const finish = document.querySelector('form[action="/setup/finish"] button');
  finish.textContent = phrase("Finish");
  finish.classList.add("main");
}

function hours(days) {
  const times = days.form.querySelector(".hours");
  const fit = () => (times.hidden = ["", "own"].includes(days.value));
  days.addEventListener("change", fit);
  fit();
}

nameCountries();
document.querySelectorAll("form[data-new]").forEach(fillIn);
document.querySelectorAll("[data-copy]").forEach(copies);
document.querySelectorAll("#days").forEach(hours);
document.querySelectorAll("[data-asks]").forEach(ask);
