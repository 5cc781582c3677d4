"""Two hundred texts that YAML or Rasa could misread, such as texts with brackets or colons."""

_KEYWORDS = [
    *["yes", "no", "on", "off", "y", "n", "true", "false", "True", "FALSE", "null", "Null", "NULL"],
    *["~", "Yes", "NO", "On", "OFF", ".inf", "-.inf", ".nan", "0x1F", "0o17", "1e3", "1_000"],
    *["12:30:45", "2026-11-29", "0123", "+1", ".5", "5.", "<<"],
]
_MARKS = list("""!"#$%&'()*+,-./:;<=>?@[]^_`{|}~\\""")
_WHOLE = [
    "- dash first", "-no blank", "-- two dashes", "--- three", "...", "--- # comment", "- - nested",
    "/restart", "/greet{\"a\": 1}", "//", "/ slash", "# comment", "word # comment", "word #tag",
    "key: value", "key:value", ": first", "? question", "| pipe", "> folded", "|- strip",
    "&anchor", "*alias", "!tag", "!!str x", "%YAML 1.2", "@at", "`tick`", "{a: b}", "[a, b]",
    "[laptop](device)", "[a](b:c)", "[a]{\"entity\": \"b\"}", "[a][{\"entity\": \"b\"}]",
    "see [1](2)",
    "a]b", "a[b", "[]", "[](x)", "](x)", "[a] (b)", "((a))", "[[a](b)](c)",
    "C:\\users\\ann", "C:\\Users\\U0001F600", "\\u00e9", "\\x41", "\\n", "\\", "\\\\server\\share",
    "\"quoted\"", "'quoted'", "it's", "it''s", "\"", "'", "“curly”", "‘curly’", "«guillemets»",
    "don\u2019t", "line one\nline two", "line\r\nline", "a\n\n\nb", "tab\there", "\tfirst",
    "last\n",
    "  blanks  around  ", "a\u00a0b", "a\u2028b", "a\u2029b", "a\u0085b", "a\x0bb", "a\x0cb",
    "a\x1cb", "a\x00b", "a\x07b", "a\x7fb", "a\ufeffb", "a\u200bb", "a\u200db", "a\u202eb",
    "🤷", "👍👍", "👨‍👩‍👧‍👦 family", "🇺🇸", "☎️", "e\u0301", "ñandú ¿qué?", "日本語のテキスト",
    "العربية",
    "עברית", "ไทย", "हिन्दी", "𝒻𝒶𝓃𝒸𝓎", "ﬁ ligature", "ＷＩＤＥ", "Ⅷ", "½", "€", "${HOME}", "$HOME",
    "${", "a ${x} b", "{{ jinja }}", "{% x %}", "<b>html</b>", "&amp;", "&#39;", "</script>",
    "https://x.example/a?b=c#d", "ann at x dot example", "50%", "100 %", "$5", "1,000", "1.5.2",
    "::", ":)", ";-)", "<3", "=D", "o_O", "^^", "??", "!!", "...what", "--help", "-rf /", "a/b/c",
    "intent: greet", "examples: |", "nlu:", "version: \"3.1\"", "  - intent: x", "null: null",
    "x" * 1600, "word " * 319 + "last", "🤷" * 800, "-" * 5 + " x", "é" * 1600,
]  # fmt: skip
TEXTS = [
    *_WHOLE,
    *_KEYWORDS,
    *(f"{mark} {mark}a{mark}" for mark in _MARKS),
]
