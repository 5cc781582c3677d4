// The phone simulator's page. It sends texts with fetch, and fetches new ones when the stream announces them.

import { merge } from "./merge.js";
import { clockNow } from "./times.js";
import { phrase } from "./words.js";

const query = document.body.dataset.query;
const BOT_EVERY = 2000; // ms between two checks whether the virtual agent has started
let asking = false;
let again = false;

async function refresh() {
  again = true;
  if (asking) return;
  asking = true;
  while (again) {
    again = false;
    try {
      const answer = await fetch(`/phone/texts?${query}`);
      if (answer.ok) show(await answer.text());
    } catch {
      break; // the event hello of the next stream starts another attempt
    }
  }
  asking = false;
}

function show(html) {
  for (const item of merge(html)) {
    item.classList.add("arrive");
    if (item.classList.contains("mine")) toEnd(item.closest(".talk"));
  }
}

// Keeps the newest text on the screen, even after a picture has loaded, unless the person has scrolled up.
function keepEnd(talk) {
  let atEnd = true;
  let lastTop = 0;
  const stay = () => {
    if (atEnd) toEnd(talk);
  };
  talk.addEventListener("scroll", () => {
    // only scrolling up counts as leaving the end, because new texts may have made the thread longer before the event
    const up = talk.scrollTop < lastTop;
    lastTop = talk.scrollTop;
    atEnd = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 80 || (atEnd && !up);
  });
  talk.addEventListener("load", stay, { capture: true }); // a picture has loaded
  new MutationObserver(stay).observe(talk, { childList: true, subtree: true });
  toEnd(talk);
}

function toEnd(talk) {
  talk.scrollTop = talk.scrollHeight;
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  const field = form.elements.body;
  const text = field.value;
  const picture = form.elements.picture;
  const [file] = picture.files;
  if (!text.trim() && !file) return;
  const problem = form.closest(".handset").querySelector('[role="alert"]');
  let error = phrase("The service cannot be reached. The text is kept.");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { "HX-Request": "true" },
      body: new FormData(form),
    });
    error = answer.ok ? "" : await answer.text();
  } catch {
    // The code below shows the error.
  }
  problem.textContent = error;
  problem.hidden = !error;
  if (error) return;
  if (field.value === text) field.value = "";
  if (picture.files[0] === file) picture.value = "";
  chosen(picture);
  toEnd(form.closest(".phone").querySelector(".talk"));
  await refresh();
}

// Allows an empty text if a picture is chosen.
function chosen(picture) {
  const [file] = picture.files;
  const field = picture.form.elements.body;
  field.required = !file;
  field.placeholder = file ? phrase("With {file}", { file: file.name }) : phrase("Text message");
}

// Sets a phone's behavior. Reloads the page if the typing direction changes, because the layout depends on it.
async function behave(form) {
  const handset = form.closest(".handset");
  const wasRtl = handset.querySelector('.phone[dir="rtl"]') !== null;
  const isRtl = form.elements.behavior.value === "right_to_left";
  await fetch(form.action, { method: "POST", headers: { "HX-Request": "true" }, body: new FormData(form) });
  if (wasRtl !== isRtl) location.reload();
}

function type({ target }) {
  const sample = target.closest("[data-types]");
  if (!sample) return;
  const field = sample.closest(".handset").querySelector('.write [name="body"]');
  field.value = sample.textContent;
  field.focus();
}

function listen() {
  const source = new EventSource(`/phone/events?${query}`);
  const banner = document.getElementById("connection");
  source.addEventListener("hello", () => {
    banner.hidden = true;
    refresh();
  });
  source.addEventListener("texts", refresh);
  source.addEventListener("error", () => {
    banner.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

// Shows a banner while the virtual agent is starting.
async function watchBot() {
  const banner = document.getElementById("starting");
  const answer = await fetch("/phone/bot").catch(() => null);
  const sentence = answer?.ok ? await answer.text() : "";
  banner.lastElementChild.textContent = sentence;
  banner.hidden = !sentence;
  if (sentence || !answer?.ok) setTimeout(watchBot, BOT_EVERY);
}

watchBot();
if (query) {
  for (const form of document.querySelectorAll(".write")) {
    form.addEventListener("submit", send);
    form.elements.picture.addEventListener("change", ({ target }) => chosen(target));
  }
  for (const form of document.querySelectorAll(".behaves")) {
    form.querySelector("button").hidden = true;
    form.addEventListener("change", () => behave(form));
  }
  document.addEventListener("click", type);
  for (const talk of document.querySelectorAll(".talk")) keepEnd(talk);
  listen();
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-clock]")) clock.textContent = clockNow(clock.dataset.clock);
  }, 10_000);
}
