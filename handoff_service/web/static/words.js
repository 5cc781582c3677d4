// The sentences of the scripts in the language of the page. An English page needs none; the others carry them as JSON:
// English -> translated, or the forms for one and for many. ``make catalogs`` finds the sentences by these two names.

const block = document.getElementById("words");
const catalog = block ? JSON.parse(block.textContent) : {};
const page = document.documentElement.lang || "en";
export const language = page === "en" ? "en-GB" : page; // as Intl calls it
const plural = new Intl.PluralRules(language);

// ``values`` fill the sentence's {placeholders}.
export function phrase(english, values = {}) {
  return fill(catalog[english] ?? english, values);
}

// A sentence with a form for one and a form for more. {count} is the number.
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
