"""A text as a training example.

Rasa must read an example exactly as it was written
(rasa/shared/nlu/training_data/formats/rasa_yaml.py, entities_parser.py). Therefore:

- An example is one line: white space becomes single spaces, and characters that YAML forbids are
  dropped.
- ``[words](entity)`` marks an entity. If a requester's text contains this notation, a space is
  inserted between the brackets.
- An example has no leading slash, because a slash would name an intent.
"""

import re

from handoff_service.rules.shared.phrases import phrase

LONGEST = 1600  # characters of an example
#: Rasa's notation of an entity in an example. Source: entities_parser.ENTITY_REGEX.
ENTITY = re.compile(
    r"\[(?P<words>[^\]]+?)\](?:\((?P<entity>[^:)]+?)(?:\:(?P<value>[^)]+))?\)"
    r"|\{[^}]+?\}|\[.*?\])"
)
#: Characters that YAML does not allow. Source: YAML 1.2, section 5.1.
_FORBIDDEN = re.compile(
    "[^\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


def example_of(text: str) -> str:
    """A requester's text as an example without entities."""
    example = one_line(text).lstrip("/ ")
    for _ in range(len(example)):
        if (found := ENTITY.search(example)) is None:
            break
        end = found.start() + found[0].index("]") + 1
        example = f"{example[:end]} {example[end:]}"
    return example


def one_line(text: str) -> str:
    return " ".join(_FORBIDDEN.sub("", " ".join(text.split())).split())


def without_entities(marked: str) -> str:
    return ENTITY.sub(lambda found: found["words"], marked)


def error(marked: str) -> str | None:
    """The reason why this cannot be an example, as a sentence. None for a usable example."""
    if not without_entities(marked).strip("- "):
        return phrase("An example needs at least one word.")
    if len(marked) > LONGEST:
        return phrase("An example can have up to {longest:,} characters.", longest=LONGEST)
    if marked.startswith("/"):
        return phrase("An example cannot begin with a slash, which would name an intent.")
    return None
