"""The lint of the virtual agent's texts: each rule with a failing and a passing text, and the line
numbers of texts.
"""

from pathlib import Path

import pytest

from handoff_service.bot_control import bot_text_lint
from handoff_service.bot_control.rasa_cli import ROOT
from handoff_service.errors import SetupError
from handoff_service.rules.virtual_agent.handoff_reason import LONGEST, reason_in
from handoff_service.rules.virtual_agent.sms_check import (
    BotText,
    SmsCheckSettings,
    TextAt,
    problems,
)

TERMS = SmsCheckSettings(
    longest={
        "case": "CS0000001",
        "problem": "x" * 63,
        "name": "Zoé…",
        "address": "https://evil.example/x",
    },
    allowed_hosts=frozenset({"example.com"}),
)


def bot_text(words: str, *titles: str) -> BotText:
    return BotText(
        file="domain.yml",
        name="utter_x",
        text=TextAt(line=7, words=words),
        buttons=[TextAt(line=9 + n, words=title) for n, title in enumerate(titles)],
    )


FITS = [
    ("a plain text", bot_text("You're welcome.")),
    ("two segments", bot_text("x" * 306)),
    ("two segments with buttons", bot_text("x" * 298, "a", "b")),
    ("placeholders at their longest", bot_text("{problem}" * 4 + "x" * 54)),
    ("Spanish letters that GSM-7 has", bot_text("¿Que necesita, señor? Contesto en inglés.")),
    ("an allowed host", bot_text("See https://www.example.com/x and help.example.com.")),
    ("an address is no link", bot_text("Write to ann@example.org.")),
    ("a full stop without a space", bot_text("Wait.To be sure, text us.")),
    ("the words in a sentence", bot_text("Yes, I can help. To start, tell me the end of it.")),
]


@pytest.mark.parametrize("text", [f[1] for f in FITS], ids=[f[0] for f in FITS])
def test_a_text_within_the_rules_has_no_problem(text: BotText) -> None:
    assert problems(text, TERMS) == []


WRONG = [
    (
        "three segments",
        bot_text("x" * 307),
        7,
        "It takes 3 segments",
        "Make it 1 character shorter",
    ),
    (
        "three with buttons",
        bot_text("x" * 299, "a", "b"),
        7,
        "It takes 3 segments",
        "Make it 1 character shorter",
    ),
    (
        "three when filled",
        bot_text("{problem}" * 4 + "x" * 55),
        7,
        "It takes 3 segments",
        "Make it 1 character shorter",
    ),
    (
        "over 1,600",
        bot_text("x" * 1601),
        7,
        "It has 1601 characters",
        "Shorten it to 1600 characters",
    ),
    (
        "a look-alike",
        bot_text("Can’t say… –"),
        7,
        "With '’', '…', '–', a segment",
        """Write "'" for '’', '...' for '…', '-' for '–'""",
    ),
    ("an accent", bot_text("Adiós"), 7, "With 'ó', a", "Write 'o' for 'ó'"),
    ("an emoji", bot_text("Done 🎉"), 7, "With '🎉', a segment has at most 70", "Leave out '🎉'"),
    ("a button's character", bot_text("Which?", "a", "b…"), 10, "With '…', a", "Write '...'"),
    ("a filled character", bot_text("Hi {name}"), 7, "With '…', a", "Write '...' for '…'"),
    (
        "a link",
        bot_text("See http://bit.ly/x"),
        7,
        "The link to bit.ly",
        "add the host to allowed_hosts",
    ),
    ("a link without http", bot_text("Tap wa.me/15550100"), 7, "The link to wa.me", "Take it out"),
    (
        "a bare link",
        bot_text("See Evil-Example.com/x."),
        7,
        "The link to evil-example.com",
        "Take it out",
    ),
    (
        "a host that ends alike",
        bot_text("See https://badexample.com"),
        7,
        "The link to badexample.com",
        "Take it out",
    ),
    ("a filled link", bot_text("See {address}"), 7, "The link to evil.example", "Take it out"),
    (
        "a keyword in capitals",
        bot_text("Text STOP to leave."),
        7,
        "It asks people to reply STOP",
        "Use another word",
    ),
    (
        "a keyword asked for",
        bot_text("Please reply with yes."),
        7,
        "It asks people to reply YES",
        "Use another word",
    ),
    (
        "a keyword as a button",
        bot_text("Sure?", "YES"),
        9,
        "It asks people to reply YES",
        "Use another word",
    ),
    (
        "an unknown placeholder",
        bot_text("Hi {who}"),
        7,
        "The longest value of {who} is not known",
        "under longest in sms_check",
    ),
    (
        "an unknown placeholder in a long text, whose length nobody can measure",
        bot_text("x" * 307 + "{who}"),
        7,
        "The longest value of {who} is not known",
        "under longest in sms_check",
    ),
]


@pytest.mark.parametrize(
    ("text", "line", "what", "suggestion"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_each_broken_rule_is_reported(text: BotText, line: int, what: str, suggestion: str) -> None:
    (fault,) = problems(text, TERMS)
    assert fault.line == line
    assert what in fault.what
    assert suggestion in fault.suggestion


DOMAIN = """\
responses:
  utter_ask:
    - text: "How much does this affect you?"
      buttons:
        - title: "I can't work"
          payload: /blocked
        - title: "I can still work…"
          payload: /working
    - text: "Écrivez STOP"
      channel: sms
    - text: "For a browser: https://far.example 🎉"
      channel: rest
  utter_picture:
    - image: "https://pictures.example.net/a.png"
"""
ACTION = """\
SORRY = "Sorry…"


class Action:
    def run(self, dispatcher, number, later):
        dispatcher.utter_message(text=SORRY)
        dispatcher.utter_message(text=f"Case {number} of {later.strip()}")
        dispatcher.utter_message(response="utter_ask")
        dispatcher.utter_message(text=later)
"""
SETTINGS_FILE = "allowed_hosts: [example.com]\nlongest: {number: CS0000001}\n"


def project(folder: Path, *, domain: str = DOMAIN, settings: str = SETTINGS_FILE) -> Path:
    (folder / "domain.yml").write_text(domain)
    (folder / "sms_check.yml").write_text(settings)
    (folder / "actions").mkdir()
    (folder / "actions" / "cases.py").write_text(ACTION)
    return folder


def test_errors_have_file_line_and_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as refused:
        bot_text_lint.check(project(tmp_path))
    assert str(refused.value).splitlines() == [
        "The virtual agent's texts have 5 problems:",
        "  domain.yml:7: utter_ask: With '…', a segment has at most 70 characters instead of 160. "
        "Write '...' for '…'.",
        "  domain.yml:9: utter_ask: It asks people to reply STOP, a keyword that carriers act on. "
        "Use another word.",
        "  domain.yml:14: utter_picture: The link to pictures.example.net is not allowed. "
        "Take it out, or add the host to allowed_hosts in sms_check.yml.",
        "  actions/cases.py:1: utter_message: With '…', a segment has at most 70 characters "
        "instead of 160. Write '...' for '…'.",
        "  actions/cases.py:7: utter_message: The longest value of {later.strip()} is not known. "
        "Add it under longest in sms_check.yml.",
    ]


@pytest.mark.parametrize(
    ("domain", "settings", "says"),
    [
        ("responses:\n  utter_x: [text: 'a]\n", SETTINGS_FILE, "domain.yml:"),
        (DOMAIN, "longest: {}\nallowed: []\n", "sms_check.yml:2: there is no key 'allowed'"),
    ],
    ids=["invalid YAML", "an unknown key"],
)
def test_an_unreadable_file_is_reported_with_its_line(
    tmp_path: Path, domain: str, settings: str, says: str
) -> None:
    with pytest.raises(SetupError, match=says):
        bot_text_lint.check(project(tmp_path, domain=domain, settings=settings))


def test_shipped_texts_pass_the_sms_check() -> None:
    assert bot_text_lint.check(ROOT) > 15


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("agent", None),
        ("can i get someone to help me", None),
        ("I want to talk to someone about my laptop!", "about my laptop"),
        ("human pls\nbecause the vpn fix\ndidnt work...", "the vpn fix didnt work"),
        ("quiero hablar con alguien sobre mi correo", "about mi correo"),
        ("agent about", None),
        ("person about " + "long " * 40, "about " + "long " * 13 + "long..."),
    ],
)
def test_the_reason_for_a_handoff_is_found_in_the_request(text: str, reason: str | None) -> None:
    assert reason_in(text) == reason
    assert len(reason or "") <= LONGEST + 3
