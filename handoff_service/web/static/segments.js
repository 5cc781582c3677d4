// How a text travels as SMS. The alphabets come from the service (rules/sms_text.py), as does the longest text.

const SENTENCE_END = /[.!?](?=\s)|\n/g;

export function counted(body, sms) {
  const { gsm7, extension, alike, part } = sms;
  const outside = (c) => !gsm7.includes(c) && !extension.includes(c);
  const plain = [...[...body].map((c) => alike[c] ?? c).join("")];
  const characters = plain.some(outside) ? [...body] : plain; // look-alikes are sent only if that helps
  if (characters.length > part) return inParts(characters.join(""), sms);
  const forcedBy = characters.find(outside);
  const narrow = forcedBy === undefined;
  const [single, joined] = narrow ? [160, 153] : [70, 67];
  const widths = characters.map((c) => (narrow ? (extension.includes(c) ? 2 : 1) : c.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const encoding = narrow ? "GSM-7" : "UCS-2";
  if (units <= single) return { encoding, units, count: 1, room: single, forcedBy };
  const count = parts(widths, joined);
  return { encoding, units, count, room: count * joined, forcedBy };
}

// A long text goes out in messages of their own, cut at a sentence's end, else at a space.
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

// Says under a text field how its text travels. Returns how many characters are too many.
export function showLength(output, body, sms) {
  const tooLong = [...body].length - sms.most;
  const length = counted(body, sms);
  output.classList.toggle("wait", length.count > 1);
  output.classList.toggle("fail", tooLong > 0);
  if (tooLong > 0) output.textContent = `Too long by ${tooLong}: a text has at most ${sms.most} characters`;
  else output.textContent = words(length);
  return Math.max(tooLong, 0);
}

// A character of two units is never cut between two segments.
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
  if (messages) return `${messages} messages · ${count} segments`;
  const because = forcedBy === undefined ? "" : ` because of ${forcedBy}`;
  return `${units} / ${room} · ${count} ${count === 1 ? "segment" : "segments"} · ${encoding}${because}`;
}
