"""Changes a reply of the virtual agent, or adds an answer, without code.

A new answer is an intent with examples and a reply. The virtual agent can give the answer at any
time. Inside a form it gives the answer and repeats the form's question.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from handoff_service.bot_control import bot_text_lint, nlu_file
from handoff_service.bot_control.bot_data import DOMAIN, NLU, BotData
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.nlu_file import checked
from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.delivery.sms_text import Segments, segments
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.training.clusters import plain
from handoff_service.rules.training.examples import one_line, without_entities
from handoff_service.rules.virtual_agent.sms_check import (
    BotText,
    SmsCheckSettings,
    TextAt,
    problems,
)

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
FEWEST = 10  # examples of a new answer
NO_REPLY = phrase("Write the reply.")
RULES = "data/rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """``spanish``: the reply in a Spanish conversation; empty: there is none."""

    name: str
    examples: Sequence[str]
    reply: str
    spanish: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One variant of a response. ``variant``: its position, from 0."""

    name: str
    variant: int
    text: str
    spanish: bool
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsCheck:
    """The result of the SMS check of a text with its placeholders at their longest."""

    segments: Segments
    problems: list[str]


def replies(data: BotData) -> list[Reply]:
    """Every response text of domain.yml, in the order of the file."""
    settings = _settings(data.root)
    return [
        Reply(
            name=str(name),
            variant=n,
            text=str(variant["text"]),
            spanish=bool(variant.get("condition")),
            segments=segments(placeholders.fill(str(variant["text"]), settings.longest)).count,
        )
        for name, variants in (data.domain().get("responses") or {}).items()
        for n, variant in enumerate(variants or ())
        if variant.get("text")
    ]


def check_sms(root: Path, text: str) -> SmsCheck:
    settings = _settings(root)
    line = BotText(file=DOMAIN, name="reply", text=TextAt(line=1, words=text))
    return SmsCheck(
        segments=segments(placeholders.fill(text, settings.longest)),
        problems=[joined(" ", [one.what, one.suggestion]) for one in problems(line, settings)],
    )


def put_reply(data: BotData, name: str, variant: int, before: str, after: str) -> FileChange:
    """Change a reply. BadInput when the new text is unfit for SMS; Conflict when the present text
    is not ``before``."""
    reply = _fit(data.root, after, "text")

    def change(content: Any) -> None:
        try:
            found = content["responses"][name][variant]
        except (KeyError, IndexError, TypeError) as error:
            raise Conflict(
                phrase("Somebody has removed this reply from the file. Reload the page.")
            ) from error
        if str(found["text"]) != before:
            raise Conflict(phrase("Somebody has changed this reply. Reload the page."))
        found["text"] = type(found["text"])(reply) if type(found["text"]) is not str else reply

    return data.change(DOMAIN, lambda text: nlu_file.changed(text, change))


def make_answer(data: BotData, answer: NewAnswer) -> list[FileChange]:
    """Write the intent, examples, reply and rules of an answer. BadInput names each wrong field.

    If the service ends in between, a repeated call completes the answer.
    """
    errors: dict[str, str] = {}
    if not NAME.fullmatch(answer.name):
        errors["name"] = phrase(
            "Use 2 to 40 lowercase letters, digits and underscores, a letter first."
        )
    elif answer.name in data.intents():
        errors["name"] = phrase("An intent with this name already exists. Choose another name.")
    examples, wrong = _examples(data, answer.examples)
    if wrong:
        errors["examples"] = wrong
    for field, text in (("reply", answer.reply), ("spanish", answer.spanish)):
        found = check_sms(data.root, text).problems if text.strip() else []
        if found or (field == "reply" and not text.strip()):
            errors[field] = joined(" ", found) if found else NO_REPLY
    if errors:
        raise BadInput(phrase("This answer cannot be made yet."), errors=errors)
    forms = list(data.domain().get("forms") or {})
    return [
        data.change(DOMAIN, lambda text: nlu_file.changed(text, _in_domain(answer))),
        data.change(
            f"{NLU}/{answer.name}.yml",
            lambda _: nlu_file.new_file(answer.name, examples, "Made on the trainer's page."),
        ),
        data.change(f"{RULES}/{answer.name}.yml", lambda _: _rules(answer.name, forms)),
    ]


def _examples(data: BotData, given: Sequence[str]) -> tuple[list[str], str]:
    found: dict[str, str] = {}
    for line in given:
        if line.strip(" -\t"):
            example = checked(line.strip().removeprefix("- "))
            found.setdefault(plain(without_entities(example)), example)
    if len(found) < FEWEST:
        return (
            [],
            phrase(
                "Add at least {fewest} different examples. There are {count}.",
                fewest=FEWEST,
                count=len(found),
            ),
        )
    for intent in data.intents().values():
        for one in intent.examples:
            if plain(one.text) in found:
                return [], phrase(
                    "“{text}” is already an example of {name}. Remove it here.",
                    text=one.text,
                    name=intent.name,
                )
    return list(found.values()), ""


def _in_domain(answer: NewAnswer) -> Any:
    def change(content: Any) -> None:
        if answer.name not in content["intents"]:
            _append(content["intents"], answer.name)
        for form in (content.get("forms") or {}).values():
            ignored = form.get("ignored_intents") if form else None
            if ignored is not None and answer.name not in ignored:
                _append(ignored, answer.name)
        variants: list[Any] = [CommentedMap(text=DoubleQuotedScalarString(one_line(answer.reply)))]
        if answer.spanish.strip():
            spoken = CommentedMap(type="slot", name="language", value="es")
            spanish = DoubleQuotedScalarString(one_line(answer.spanish))
            variants.append(CommentedMap(text=spanish, condition=[spoken]))
        content["responses"][f"utter_{answer.name}"] = variants

    return change


def _append(listed: Any, value: str) -> None:
    """Append to a list, before the blank lines and comments that follow it."""
    last = len(listed) - 1
    comments = listed.ca.items
    kept = comments.pop(last, None)
    listed.append(value)
    if kept is None or kept[0] is None:
        return
    line, _, rest = kept[0].value.partition("\n")
    if rest:
        kept[0].value = f"\n{rest}"
        comments[last + 1] = kept
        if line.strip():
            listed.yaml_add_eol_comment(line.lstrip("# "), last)
    else:
        comments[last] = kept


def _rules(name: str, forms: Sequence[str]) -> str:
    """The rules of an answer: outside forms, it sends the reply; inside each form, it sends the
    reply and the form asks again."""
    words = name.replace("_", " ")
    parts = [
        "# Made on the trainer's page.",
        'version: "3.1"',
        "",
        "rules:",
        f"  - rule: {words}",
        "    condition:",
        "      - active_loop: null",
        "    steps:",
        f"      - intent: {name}",
        f"      - action: utter_{name}",
    ]
    for form in forms:
        parts += [
            "",
            f"  - rule: {words}, inside the {form.replace('_', ' ')}",
            "    condition:",
            f"      - active_loop: {form}",
            "    steps:",
            f"      - intent: {name}",
            f"      - action: utter_{name}",
            f"      - action: {form}",
            f"      - active_loop: {form}",
        ]
    return "\n".join(parts) + "\n"


def _fit(root: Path, text: str, field: str) -> str:
    reply = one_line(text)
    wrong = joined(" ", check_sms(root, reply).problems) if reply else NO_REPLY
    if wrong:
        raise BadInput(wrong, errors={field: wrong})
    return reply


def _settings(root: Path) -> SmsCheckSettings:
    """The settings in the folder's sms_check.yml, or in the project's own."""
    return bot_text_lint.read_settings(
        root if (root / bot_text_lint.SETTINGS_FILE).exists() else ROOT
    )
