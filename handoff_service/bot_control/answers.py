"""Add an answer to the virtual agent without code.

A new answer is an intent with examples and a reply. The virtual agent can give it at any time.
Inside a form, it sends the reply and then repeats the form's question.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from handoff_service.bot_control import nlu_file
from handoff_service.bot_control.bot_data import DOMAIN, NLU, BotData
from handoff_service.bot_control.change_reply import NO_REPLY
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.nlu_file import checked
from handoff_service.bot_control.reply_sms_check import why_unfit
from handoff_service.bot_control.reply_variants import variants_of
from handoff_service.errors import BadInput
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import Translations, name_in
from handoff_service.rules.training.clusters import plain
from handoff_service.rules.training.examples import without_entities

NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
FEWEST = 10  # the fewest examples of a new answer
RULES = "data/rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnswer:
    """An answer to add. ``reply``: the reply in English. ``translations``: the reply in other
    languages."""

    name: str
    examples: Sequence[str]
    reply: str
    translations: Translations = field(default_factory=dict)


def make_answer(data: BotData, answer: NewAnswer) -> list[FileChange]:
    """Write the intent, examples, reply and rules of an answer. Returns the changes of the files.
    Raises BadInput with the wrong fields.

    If the service stops before everything is written, another call completes the answer. The
    examples are written last, because an intent with examples counts as an existing answer.
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
    for language, text in {Language.ENGLISH: answer.reply, **answer.translations}.items():
        why = why_unfit(data.root, text) if text.strip() else NO_REPLY
        if why is not None:
            errors[name_in("reply", language)] = why
    if errors:
        raise BadInput(phrase("This answer cannot be made yet."), errors=errors)
    forms = list(data.domain().get("forms") or {})
    return [
        data.change(DOMAIN, lambda text: nlu_file.changed(text, _in_domain(answer))),
        data.change(f"{RULES}/{answer.name}.yml", lambda _: _rules(answer.name, forms)),
        data.change(
            f"{NLU}/{answer.name}.yml",
            lambda _: nlu_file.new_file(answer.name, examples, "Made on the trainer's page."),
        ),
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
        variants = variants_of(answer.reply, answer.translations)
        content["responses"][f"utter_{answer.name}"] = variants

    return change


def _append(listed: Any, value: str) -> None:
    """Append a value to a YAML list, before the blank lines and comments that follow the list."""
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
    """The rules of an answer. Outside forms, the virtual agent sends the reply. Inside a form, it
    sends the reply and asks the form's question again."""
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
