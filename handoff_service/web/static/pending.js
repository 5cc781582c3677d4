// Shows a text or a note in the thread as soon as the agent sends it, with a clock. The server's line then replaces it.

import { countPhrase, phrase } from "./words.js";

const ICONS = document.querySelector("#head use")?.getAttribute("href").split("#")[0];

export function showPending(kind, body, pictures) {
  const line = document.createElement("li");
  line.id = "pending";
  line.className = kind === "note" ? "note" : "msg";
  line.dataset.owner = document.getElementById("owner").dataset.owner;
  if (kind !== "note") Object.assign(line.dataset, { from: "agent", status: "queued" });
  if (pictures) line.append(paragraph("bubble", pictures === 1 ? phrase("Picture") : countPhrase("{count} picture", "{count} pictures", pictures)));
  if (body) line.append(paragraph(kind === "note" ? "" : "bubble", body));
  line.append(clock());
  dropPending();
  document.getElementById("thread").append(line);
  line.scrollIntoView({ block: "end" });
}

export function dropPending() {
  document.getElementById("pending")?.remove();
}

function paragraph(name, words) {
  const made = document.createElement("p");
  Object.assign(made, { className: name, dir: "auto", textContent: words });
  return made;
}

function clock() {
  const footer = document.createElement("footer");
  footer.innerHTML = '<svg class="icon" aria-hidden="true"><use/></svg><span></span>';
  footer.querySelector("span").textContent = phrase("Sending");
  footer.querySelector("use").setAttribute("href", `${ICONS}#clock`);
  return footer;
}
