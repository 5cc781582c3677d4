// Counts the SMS segments of a text. The service provides the alphabets and the greatest length
// (rules/delivery/sms_text.py).

import { countPhrase, number, phrase } from "./words.js";

const UNBROKEN = "\u2011"; // a non-breaking hyphen
const SENTENCE_END = /[.!?](?=\s)|\n/g;

const within = (c, ranges) => ranges.some(([low, high]) => c.codePointAt(0) >= low && c.codePointAt(0) <= high);
const nameOf = (c, sms) => Object.keys(sms.invisible).find((name) => within(c, sms.invisible[name]));
const isStyled = (c, sms) => within(c, sms.styled) && c.normalize("NFKC") !== c;
const isOutside = (c, { gsm7, extension }) => !gsm7.includes(c) && !extension.includes(c);

// Returns the characters that the service would send. It replaces characters with similar ones of GSM-7 if the whole
// text then fits GSM-7. If not, it only removes characters without a meaning.
function sent(body, sms) {
  const composed = body.normalize("NFC");
  const inGsm7 = (c) => {
    if (!isOutside(c, sms)) return c;
    if (nameOf(c, sms)) return "";
    return sms.lookalikes[c] ?? (isStyled(c, sms) ? c.normalize("NFKC") : c);
  };
  const plain = [...[...composed].map(inGsm7).join("")];
  if (!plain.some((c) => isOutside(c, sms))) return plain;
  const shorter = [...composed].length < [...body].length ? composed : body;
  return [...shorter].filter((c) => !sms.meaningless.includes(c));
}

// Returns the name of the character that forces the text into UCS-2, as a page shows it.
function forcing(characters, sms) {
  const outside = characters.filter((c) => isOutside(c, sms));
  const irreplaceable = (c) => sms.lookalikes[c] === undefined && !isStyled(c, sms) && !nameOf(c, sms);
  const found = outside.find(irreplaceable) ?? outside[0];
  return found && described(found, sms);
}

function described(c, sms) {
  const code = `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  if (nameOf(c, sms)) return phrase(nameOf(c, sms));
  if (/\p{Z}|\s|\u2800|\u0085/u.test(c)) return phrase("a blank ({code})", { code });
  if (/\p{M}/u.test(c)) return phrase("a combining mark ({code})", { code });
  return /\p{C}/u.test(c) ? code : c;
}

export function counted(body, sms) {
  const { extension, part } = sms;
  const characters = sent(body, sms);
  if (characters.length > part) return inParts(characters.join(""), sms);
  const forcedBy = forcing(characters, sms);
  const narrow = forcedBy === undefined;
  const [single, joined] = narrow ? [160, 153] : [70, 67];
  const widths = characters.map((c) => (narrow ? (extension.includes(c) ? 2 : 1) : c.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const encoding = narrow ? "GSM-7" : "UCS-2";
  if (units <= single) return { encoding, units, count: 1, room: single, forcedBy };
  const count = parts(widths, joined);
  return { encoding, units, count, room: count * joined, forcedBy };
}

// Counts the messages and segments of a long text, which the service sends as several messages. The service splits it
// at the end of a sentence, or else at a space.
function inParts(text, sms) {
  const messages = [];
  let rest = [...text.trim()];
  while (rest.length > sms.part) {
    const window = rest.slice(0, sms.part + 1).join("");
    const ends = [...window.matchAll(SENTENCE_END)].map((end) => [...window.slice(0, end.index + 1)].length);
    const fitting = ends.filter((end) => end <= sms.part).pop();
    const space = [...window].lastIndexOf(" ");
    const at = fitting ?? (space > 0 ? space : sms.part);
    messages.push(rest.slice(0, at).join("").trimEnd());
    rest = [...rest.slice(at).join("").trimStart()];
  }
  if (rest.length) messages.push(rest.join(""));
  const each = messages.map((message) => counted(message, sms));
  return {
    messages: messages.length,
    count: each.reduce((sum, one) => sum + one.count, 0),
    forcedBy: each.find((one) => one.forcedBy !== undefined)?.forcedBy,
  };
}

// Shows the encoding and the segments below a text field. Returns how many characters are too many.
export function showLength(output, body, sms) {
  const tooLong = [...body].length - sms.most;
  const length = counted(body, sms);
  output.classList.toggle("wait", length.count > 1);
  output.classList.toggle("fail", tooLong > 0);
  if (tooLong > 0) output.textContent = tooLongWords(tooLong, sms);
  else output.textContent = words(length);
  return Math.max(tooLong, 0);
}

// Counts the segments. A character of two units is never split between two of them.
function parts(widths, room) {
  let count = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > room) [count, used] = [count + 1, 0];
    used += width;
  }
  return count;
}

export function words({ units, room, count, encoding, forcedBy, messages }) {
  if (messages) return phrase("{messages} messages · {segments} segments", { messages, segments: count });
  const values = { units, room, encoding: encoding.replace("-", UNBROKEN), cause: forcedBy };
  if (forcedBy === undefined) {
    return countPhrase(
      "{units} / {room} · {count} segment · {encoding}",
      "{units} / {room} · {count} segments · {encoding}",
      count,
      values,
    );
  }
  return countPhrase(
    "{units} / {room} · {count} segment · {encoding} because of {cause}",
    "{units} / {room} · {count} segments · {encoding} because of {cause}",
    count,
    values,
  );
}

export function tooLongWords(tooLong, sms) {
  return countPhrase(
    "{count} character too long: a text can have up to {most} characters",
    "{count} characters too long: a text can have up to {most} characters",
    tooLong,
    { most: number(sms.most) },
  );
}
