// Adds pictures to a text. An agent chooses, pastes or drops a picture. This script uploads it at once, shows it until
// the text is sent, and stores its id with the draft. It does not upload pictures that are too large, too many or of a
// type that the service does not accept.

import { csrf, signInAgain } from "./post.js";
import { language, phrase } from "./words.js";

const row = document.getElementById("attached");
const key = `attached:${document.body.dataset.me}:${document.body.dataset.open}`;
let changed = () => {};

export function startAttach(whenChanged) {
  changed = whenChanged;
  const button = document.getElementById("attach");
  const files = document.getElementById("attach-files");
  button.hidden = row.dataset.mostFiles === "0";
  button.addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    add([...files.files]);
    files.value = "";
  });
  row.form = button.form;
  row.form.addEventListener("paste", pasted);
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", dropped);
  for (const one of JSON.parse(localStorage.getItem(key) ?? "[]")) show(chip(one.name, one.size), one.id);
}

// Returns the ids of the uploads for the next text.
export function attached() {
  return [...(row?.querySelectorAll('[name="media"]') ?? [])].map((input) => input.value);
}

export function attaching() {
  return row?.querySelector('[aria-busy="true"]') != null;
}

// Removes uploads that were sent.
export function detach(ids) {
  for (const input of row.querySelectorAll('[name="media"]')) if (ids.includes(input.value)) input.closest("li").remove();
  keep();
}

function hasFiles(event) {
  return row.isConnected && event.dataTransfer?.types.includes("Files");
}

function dropped(event) {
  if (!hasFiles(event)) return;
  event.preventDefault(); // keep the browser from opening the picture in place of the page
  add([...event.dataTransfer.files]);
}

// Some programs copy a text together with a picture of it. This function then lets the browser paste only the text.
function pasted(event) {
  const files = [...event.clipboardData.files];
  if (!files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  add(files);
}

function add(files) {
  showProblem("");
  if (row.form.elements.kind.value === "note") return showProblem(phrase("Private notes cannot have pictures. Switch to Text message."));
  for (const file of files) {
    const problem = refusal(file);
    if (problem) showProblem(notAttached(file, problem));
    else upload(file);
  }
}

function refusal(file) {
  const { mostBytes, mostFiles, types } = row.dataset;
  const all = [...row.children].reduce((sum, item) => sum + Number(item.dataset.size), file.size);
  const most = Number(mostBytes) / 1e6;
  if (mostFiles === "0") return phrase("Pictures cannot be sent from this desk. Describe the picture, or send a link.");
  if (!types.split(",").includes(file.type)) return phrase("Only JPEG, PNG and GIF pictures can be sent.");
  if (row.children.length >= Number(mostFiles)) return phrase("A text can have up to {most} pictures.", { most: mostFiles });
  if (all > Number(mostBytes)) {
    return phrase("Pictures in one text can total {most} MB; these total {size} MB.", { most, size: megabytes(all) });
  }
  return "";
}

function notAttached(file, problem) {
  return `${phrase("{file} was not attached.", { file: file.name })} ${problem}`;
}

async function upload(file) {
  const item = chip(file.name, file.size);
  changed();
  let problem = phrase("The service cannot be reached.");
  try {
    const answer = await fetch("/workspace/media", {
      method: "POST",
      headers: { "HX-Request": "true", "X-CSRF-Token": csrf(), "Content-Type": file.type },
      body: file,
    });
    if (answer.status === 401) return signInAgain();
    problem = answer.ok ? "" : await answer.text();
    if (answer.ok && item.isConnected) show(item, (await answer.json()).id);
  } catch {
    // The code below shows the error.
  }
  if (problem && item.isConnected) showProblem(notAttached(file, problem));
  if (problem) item.remove();
  changed();
}

function chip(name, size) {
  const item = document.createElement("li");
  item.dataset.size = size;
  item.setAttribute("aria-busy", "true");
  const words = document.createElement("span");
  words.className = "clip";
  words.textContent = name;
  words.title = name;
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", className: "btn plain icon-only", textContent: "×" });
  remove.setAttribute("aria-label", phrase("Remove {name}", { name }));
  remove.addEventListener("click", () => {
    item.remove();
    keep();
    changed();
    document.getElementById("attach").focus();
  });
  item.append(words, remove);
  row.append(item);
  row.hidden = false;
  return item;
}

function show(item, id) {
  const picture = new Image(48, 48);
  picture.alt = "";
  picture.src = `/workspace/media/${id}`;
  picture.addEventListener("error", () => {
    item.remove(); // the upload is gone: the service deletes unsent uploads after a day
    keep();
    changed();
  });
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name: "media", value: id });
  item.prepend(picture, input);
  item.removeAttribute("aria-busy");
  keep();
}

function keep() {
  const all = [...row.querySelectorAll("li:not([aria-busy])")].map((item) => ({
    id: item.querySelector('[name="media"]').value,
    name: item.querySelector("span").textContent,
    size: Number(item.dataset.size),
  }));
  if (all.length) localStorage.setItem(key, JSON.stringify(all));
  else localStorage.removeItem(key);
  row.hidden = !row.children.length;
}

function showProblem(problem) {
  const place = document.getElementById("not-sent");
  place.textContent = problem;
  place.hidden = !problem;
}

function megabytes(size) {
  return (size / 1e6).toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}
