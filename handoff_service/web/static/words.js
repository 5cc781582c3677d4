// Translates the scripts' sentences. An English page needs no translations. Any other page contains them as JSON, which
// maps an English sentence to its translation, or to a list of the singular and the plural. ``make catalogs`` finds the
// sentences by the function names ``phrase`` and ``countPhrase``.

const block = document.getElementById("words");
const catalog = block ? JSON.parse(block.textContent) : {};
const page = document.documentElement.lang || "en";
export const language = page === "en" ? "en-GB" : page; // the language code for Intl
const plural = new Intl.PluralRules(language);

// Translates a sentence. ``values`` replace its {placeholders}.
export function phrase(english, values = {}) {
  return fill(catalog[english] ?? english, values);
}

// Translates a sentence with a singular and a plural. {count} is the number.
export function countPhrase(one, many, count, values = {}) {
  const [first, other] = catalog[one] ?? [one, many];
  return fill(plural.select(count) === "one" ? first : other, { count: number(count), ...values });
}

export function number(value) {
  return value.toLocaleString(language);
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder);
}
