"""A text as a training example.

What an example needs to come out of Rasa's reader as it went in
(rasa/shared/nlu/training_data/formats/rasa_yaml.py, entities_parser.py):

- It is one line: white space becomes single blanks, and characters that YAML forbids are dropped.
- ``[words](entity)`` marks an entity. In a requester's text a blank keeps the brackets apart.
- The virtual agent is given texts without a leading slash, which would name an intent.
"""

import re

LONGEST = 1600  # characters of an example
#: What Rasa takes for an entity in an example. Source: entities_parser.ENTITY_REGEX.
ENTITY = re.compile(
    r"\[(?P<words>[^\]]+?)\](?:\((?P<entity>[^:)]+?)(?:\:(?P<value>[^)]+))?\)"
    r"|\{[^}]+?\}|\[.*?\])"
)
#: Characters that YAML allows. Source: YAML 1.2, section 5.1.
_FORBIDDEN = re.compile(
    "[^\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


def example_of(text: str) -> str:
    """A requester's text as an example without entities."""
    said = one_line(text).lstrip("/ ")
    for _ in range(len(said)):
        if (found := ENTITY.search(said)) is None:
            break
        end = found.start() + found[0].index("]") + 1
        said = f"{said[:end]} {said[end:]}"
    return said


def one_line(text: str) -> str:
    return " ".join(_FORBIDDEN.sub("", " ".join(text.split())).split())


def without_entities(marked: str) -> str:
    return ENTITY.sub(lambda found: found["words"], marked)


def error(marked: str) -> str | None:
    """Why this cannot be an example, as a sentence. None when it can."""
    if not without_entities(marked).strip("- "):
        return "An example needs at least one word."
    if len(marked) > LONGEST:
        return f"An example has at most {LONGEST:,} characters."
    if marked.startswith("/"):
        return "An example cannot begin with a slash, which would name an intent."
    return None
