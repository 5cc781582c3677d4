"""Right-to-left text: templates set the text direction wherever they show a person's words."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.web.shared.directions import bdi, isolated, sentence
from handoff_service.web.shared.links import linked
from handoff_service.web.shared.page_language import shown
from handoff_service.web.shared.rendering import TEMPLATES
from handoff_service.web.shared.right_to_left import has_rtl

WORDS = re.compile(
    r"\b(body|name|label|title|note|reason|description|short_description|state_reason|said"
    r"|words|text|why|device|impact"
    r"|external_number|subject|first_body|first_text|closing_text|claimed|presence_reason"
    r"|returned_from|by|filled|reads"
    r"|card|value|piece|typed|q|effect|who_answers|sending|verified_by|values\[\w+\])\b(?!=)"
    r"|\bwho\(|first_name|\.(groups?|skills?)( |$)|judged_by_today|created\["
)
MARKED = re.compile(r"\|\s*(bdi|sentence|linked)\b|map\(\"(bdi|sentence|linked)\"\)")
ONLY_TEXT = ("title", "textarea", "option", "script")
VOID = {"input", "br", "img", "meta", "link", "hr", "use", "circle", "path", "rect", "line"}
UNTYPED = {
    "hidden",
    "radio",
    "checkbox",
    "file",
    "number",
    "range",
    "tel",
    "email",
    "password",
    "url",
    "date",
    "datetime-local",
    "submit",
}
# Expressions that match ``WORDS`` but do not show a person's words.
OURS = re.compile(
    r"^(icon|form\.record|field|find_field|area|switch|choose|chips|form\.label|wrong|hinted|text|words|listed|choices"
    r"|sparkline|bar_chart|by_day|row|self\.name)\("
    r"|^(label|title|called|said|hint|legend|heading|name|option|text|note|what|why_not|one"
    r"|many|effect|explanation)( \||$)"
    # words from our own tables
    r"|error\.(meaning|advice)|meaning\.(meaning|advice)|receipt\.(word|icon)|reason\.again"
    r"|^(one|row)\.label$|^(languages|labels)\[text\.language\]"
    r"|preview\.label|deletes\.(label|verb)|outlook\.button|form\.(said|errors)|\| initials"
    r"|\| (clock|moment|ahead|there\(.*\))$"
    r'|^"[^"]*" if [^~]* else "[^"]*"( \| format\(.*)?$|^\{"|^\(offer\.outcome|^"\{" ~ name'
    r'|^"Sent" if'
    r'|\b(state|intent|kind|impact|assignment|level|field) \| words|map\("words"\)|removeprefix\('
    r"|(case|interaction)\.name$"  # numbers
    r"|text\.reaction$|^button\.label$"  # emoji
    # names of intents, forms and slots, which are ASCII letters; and figures
    r"|^message\.reason \| int$"  # a satisfaction grade
    r"|^label\.intent|^item\.(form|slot) |^one\.(intent\.)?name$|\| round"
    r'|^"Masked parts are left out'
    r"|^(by|detail)\("  # our template macros
    r"|^one\.(action|subject) \| words$|^titles\[name\]$|^one\.title$"  # kinds of records and steps
    r"|^(call|one)\.subject$"  # the subject of a webhook call, which is a kind and an id
    r"|^\(part \| words\)|\| impact_words$"
    r"|\| *(figure|changed)\(|\| (percent|share)\b"  # figures with units
)


class Walker(HTMLParser):
    """Finds expressions in elements that have no ``dir`` attribute."""

    def __init__(self, expressions: list[str]) -> None:
        super().__init__()
        self.expressions = expressions
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        typed = str(given.get("type") or "text")
        takes_words = tag == "textarea" or (
            tag == "input" and typed not in UNTYPED and "inputmode" not in given
        )
        if takes_words and "dir" not in given:
            self.found.append(f"<{tag} {given.get('id') or given.get('name')}>")
        for place in re.findall(
            "\x01(\\d+)\x02", " ".join(value or "" for value in given.values())
        ):
            if MARKED.search(self.expressions[int(place)]):
                self.found.append(f"markup in an attribute: {self.expressions[int(place)]}")
        if tag not in VOID:
            inside = tag == "mark" and bool(self.open) and self.open[-1][1]
            self.open.append((tag, inside or given.get("dir") in ("auto", "ltr") or tag == "bdi"))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        # text outside all elements of this template, for example in a title block
        if not self.open:
            return
        tag, says = self.open[-1]
        for place in re.findall("\x01(\\d+)\x02", data):
            expression = self.expressions[int(place)]
            if tag in ONLY_TEXT:
                self.found += (
                    [f"markup in <{tag}>: {expression}"] if MARKED.search(expression) else []
                )
            # dir="auto" ignores isolated words.
            elif says and re.search(r"\| (bdi|sentence)\b", expression):
                self.found.append(f"isolated twice: {expression}")
            elif not says and WORDS.search(expression) and not MARKED.search(expression):
                self.found.append(expression)


CALL = re.compile(r"\b(?:_|[np]gettext)\(")
TRANS = re.compile(r"\{% trans\b(.*?)%\}(.*?)\{% endtrans %\}", re.DOTALL)


def arguments(source: str) -> tuple[list[tuple[str, str]], str]:
    """Return the arguments of a call as (name or "", expression), and the source after the call.
    ``source`` begins after the opening parenthesis.
    """
    depth, at, begin, quote = 0, 0, 0, ""
    parts = []
    while at < len(source):
        letter = source[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}" and depth:
            depth -= 1
        elif letter in ")," and not depth:
            parts.append(source[begin:at])
            begin = at + 1
            if letter == ")":
                break
        at += 1
    else:
        parts.append(source[begin:])
    named = [re.match(r"\s*(?:(\w+)\s*=(?!=))?(.*)", part, re.DOTALL) for part in parts]
    return [(one[1] or "", one[2].strip()) for one in named if one], source[at + 1 :]


def values_of_messages(expression: str) -> list[str]:
    """Return an expression without its translated messages, and their placeholders' values."""
    values = []
    while call := CALL.search(expression):
        given, rest = arguments(expression[call.end() :])
        values += [value for name, value in given if name]
        expression = f'{expression[: call.start()]}""{rest}'
    return [expression, *(each for value in values for each in values_of_messages(value))]


def filled(trans: re.Match[str]) -> str:
    """Return the text of a translated block, in which expressions replace the placeholders."""
    given, _ = arguments(trans[1])
    values = {name: value for name, value in given if name}

    def fill(found: re.Match[str]) -> str:
        return f"{{{{ {values.get(found[1], found[1])} }}}}"

    return re.sub(r"\{\{\s*(\w+)\s*\}\}", fill, trans[2])


def unmarked(source: str) -> list[str]:
    expressions: list[str] = []

    def keep(found: re.Match[str]) -> str:
        expression = found[1].strip()
        kept = [expression] if OURS.search(expression) else values_of_messages(expression)
        expressions.extend(kept)
        count = len(expressions)
        return "".join(f"\x01{n}\x02" for n in range(count - len(kept), count))

    source = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    source = TRANS.sub(filled, source)
    source = re.sub(r"\{\{-?(.*?)-?\}\}", keep, source, flags=re.DOTALL)
    walker = Walker(expressions)
    walker.feed(re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL))
    walker.close()
    return [one for one in walker.found if not OURS.search(one)]


TEMPLATE_FILES = [str(path.relative_to(TEMPLATES)) for path in sorted(TEMPLATES.rglob("*.html"))]


@pytest.mark.parametrize("template", TEMPLATE_FILES)
def test_templates_set_the_direction_of_every_persons_words(template: str) -> None:
    """To fix a failure, put dir="auto" on the element or field. Inside a sentence, use ``| bdi`` or
    ``| sentence``.
    """
    assert unmarked(unwrapped((TEMPLATES / template).read_text())) == []


def unwrapped(source: str) -> str:
    """Return the template without line breaks. Join strings that continue on the next line."""
    return re.sub(r"\n\s+", " ", re.sub(r'"\n\s+"', "", re.sub(r"\{#\s+#\}", "", source)))


def test_the_walker_finds_unmarked_expressions() -> None:
    assert unmarked("<p>{{ line.body }}</p>") == ["line.body"]
    assert unmarked('<p dir="auto">{{ line.body }}</p><b>{{ user.name | bdi }}</b>') == []
    assert unmarked('<p dir="auto">{{ name | bdi }}</p>') == ["isolated twice: name | bdi"]
    assert unmarked('<p dir="auto"><mark>{{ piece }}</mark></p>') == []
    assert unmarked('<p dir="auto"><b>{{ line.body }}</b></p>') == ["line.body"]
    assert unmarked(
        '<input name="note"><input type="number"><textarea name="body"></textarea>'
    ) == [
        "<input note>",
        "<textarea body>",
    ]
    assert unmarked('<textarea dir="auto">{{ first_text | sentence }}</textarea>') == [
        "markup in <textarea>: first_text | sentence"
    ]
    assert unmarked('<p>{{ _("What %(name)s wrote", name=user.name) }}</p>') == ["user.name"]
    assert unmarked('<p>{{ _("What %(name)s wrote", name=user.name | bdi) }}</p>') == []
    assert unmarked("<p>{% trans who=user.name, n=2 %}By {{ who }}{% endtrans %}</p>") == [
        "user.name"
    ]
    assert unmarked("<p>{% trans who=user.name | bdi %}By {{ who }}{% endtrans %}</p>") == []
    assert unmarked('<a title="{{ user.name | bdi }}"></a>') == [
        "markup in an attribute: user.name | bdi"
    ]


# Arabic, Hebrew, Persian, a ligature, Syriac, N'Ko and Adlam; and names that run from left to
# right.
RTL = ("نورة القحطاني", "יעל בן־דוד", "فرزانه", "ﷲ", "ܫܡܥܘܢ", "ߒߞߏ", "𞤀𞤣𞤤𞤢𞤥")
LTR = ("Ann Lee", "李小龍", "Ωμέγα", "Ольга", "ไทย", "+1 202 555 0101", "")


@pytest.mark.parametrize("name", RTL)
def test_a_right_to_left_name_is_isolated_in_a_sentence(name: str) -> None:
    assert bdi(name) == f"<bdi>{name}</bdi>"
    assert (
        sentence(f"Mia gave it to {name}, 3 texts wait")
        == f"Mia gave it to <bdi>{name}</bdi>, 3 texts wait"
    )
    assert isolated(name) == f"\u2068{name}\u2069"
    assert isolated(Markup("&lt;%s") % name).__html__() == f"\u2068&lt;{name}\u2069"  # type: ignore[attr-defined]


def test_a_text_that_fills_a_sentence_is_isolated_as_a_whole() -> None:
    text = "טקסט HP 4250 (שורה 3)"
    set_to = phrase("{name} set “{attribute}” to “{value}”", name="Mia", attribute="X", value=text)
    assert sentence(set_to) == f"Mia set “X” to “<bdi>{text}</bdi>”"
    both = joined(": ", [set_to, text])
    assert sentence(both) == f"Mia set “X” to “<bdi>{text}</bdi>”: <bdi>{text}</bdi>"
    assert str(set_to) == f"Mia set “X” to “{text}”"  # the log and the API have no marks
    nested = phrase("{first} and {last}", first=set_to, last="<b>")
    assert sentence(nested) == f"Mia set “X” to “<bdi>{text}</bdi>” and &lt;b&gt;"


def test_a_printed_sentence_isolates_the_names_in_it() -> None:
    assert shown(phrase("End “{title}”", title="רשת VPN")) == "End “\u2068רשת VPN\u2069”"
    assert shown(phrase("End “{title}”", title="VPN")) == "End “VPN”"


def test_a_text_that_a_person_wrote_from_right_to_left_is_isolated_as_a_whole() -> None:
    assert sentence("טקסט HP 4250 (שורה 3)") == "<bdi>טקסט HP 4250 (שורה 3)</bdi>"
    assert sentence("יעל gave it to נעם") == "<bdi>יעל</bdi> gave it to <bdi>נעם</bdi>"


@pytest.mark.parametrize("name", LTR)
def test_a_left_to_right_name_is_not_changed(name: str) -> None:
    assert (bdi(name), sentence(f"{name} closed it"), isolated(name)) == (
        name,
        f"{name} closed it",
        name,
    )


def test_markup_in_a_name_is_escaped() -> None:
    assert bdi("<b>יעל") == "<bdi>&lt;b&gt;יעל</bdi>"
    assert sentence("<i>יעל & נעם</i>") == "&lt;i&gt;<bdi>יעל</bdi> &amp; <bdi>נעם</bdi>&lt;/i&gt;"


def test_every_right_to_left_letter_of_unicode_is_recognized() -> None:
    strong = [chr(c) for c in range(0x110000) if unicodedata.bidirectional(chr(c)) in ("R", "AL")]
    assert [c for c in strong if not has_rtl(c)] == []
    assert [chr(c) for c in range(0x590) if has_rtl(chr(c))] == []


@pytest.mark.parametrize("number", ["+972 54-123 4567", "(02) 123 4567", "0541234567"])
def test_a_phone_number_keeps_its_order_between_hebrew_words(number: str) -> None:
    assert linked(f"תתקשר {number} מחר") == f'תתקשר <bdi dir="ltr">{number}</bdi> מחר'
    assert linked(f"call {number} now") == f"call {number} now"


@pytest.mark.parametrize("words", ["בשעה 10:30", "12/05/2026", "מחיר 12.50"])
def test_times_dates_and_prices_are_not_isolated(words: str) -> None:
    assert "<bdi" not in linked(f"שלום {words}")
