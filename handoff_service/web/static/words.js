// Translates the sentences of the scripts. An English page needs no translations. Any other page contains them as JSON:
// English -> translation, or a list of the forms for one and for more. ``make catalogs`` finds the sentences by the
// names of the functions ``phrase`` and ``countPhrase``.

const block = document.getElementById("words");
const catalog = block ? JSON.parse(block.textContent) : {};
const page = document.documentElement.lang || "en";
export const language = page === "en" ? "en-GB" : page; // the language code for Intl
const plural = new Intl.PluralRules(language);

// ``values`` fill the sentence's {placeholders}.
export function phrase(english, values = {}) {
  return fill(catalog[english] ?? english, values);
}

// Translate a sentence that has a form for one and a form for more. {count} is the number.
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
