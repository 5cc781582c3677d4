// Signs in with a passkey, and creates passkeys. In browsers without passkeys, the buttons stay hidden.

import { phrase } from "./words.js";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const described = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

function creation(options) {
  return {
    ...options,
    challenge: toBytes(options.challenge),
    user: { ...options.user, id: toBytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  };
}

function request(options) {
  return {
    ...options,
    challenge: toBytes(options.challenge),
    allowCredentials: described(options.allowCredentials),
  };
}

/** Returns the browser's answer, with its bytes as base64url. */
function answer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature",
    "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

async function post(address, body) {
  const csrf = document.querySelector("meta[name=csrf]")?.content;
  const answered = await fetch(address, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "HX-Request": "true",
      ...(csrf ? { "X-CSRF-Token": csrf } : {}),
    },
    body: JSON.stringify(body),
  });
  if (!answered.ok) throw new Error(await answered.text());
  return answered.json();
}

function show(words) {
  const place = document.querySelector("[data-passkey-wrong]");
  place.textContent = words;
  place.hidden = !words;
}

/** Fetches the options, passes them to the browser, sends its answer, and opens the address that the server returns. */
async function run(button, address, optionsAddress, ask) {
  show("");
  button.disabled = true;
  try {
    const options = await post(optionsAddress, {});
    const done = await post(address, answer(await ask(options)));
    location.assign(done.to);
  } catch (error) {
    // the browser itself shows why it failed: canceled, timed out or no passkey
    show(error instanceof DOMException ? phrase("No passkey was used. Try again.") : error.message);
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.hidden = false;
    const address = button.dataset.passkey;
    const next = new URLSearchParams({ next: button.dataset.next || "" });
    button.addEventListener("click", () =>
      run(button, address, `${address}/options?${next}`, (options) =>
        navigator.credentials.get({ publicKey: request(options) })));
  }
  for (const button of document.querySelectorAll("[data-new-passkey]")) {
    button.hidden = false;
    const address = button.dataset.newPasskey;
    button.addEventListener("click", () =>
      run(button, address, `${address}/options`, (options) =>
        navigator.credentials.create({ publicKey: creation(options) })));
  }
}
