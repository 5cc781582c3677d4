"""Errors of fields as the sentences that people read on pages."""

from collections.abc import Mapping

#: a field of the API -> what pages call it
CALLED = {
    "body": "The text",
    "closing_text": "The closing text",
    "media": "The pictures",
    "note": "The note",
    "send_at": "The time",
    "topic_id": "The topic",
}


def field_sentences(errors: Mapping[str, str]) -> str:
    """One sentence for each wrong field. ``errors``: field -> what is wrong, with or without the
    field as its subject."""
    return " ".join(_sentence(name, what) for name, what in errors.items())


def _sentence(name: str, what: str) -> str:
    called = CALLED.get(name) or name.replace("_", " ").capitalize()
    whole = f"{called} {what}" if what[:1].islower() else what
    return whole if whole.endswith((".", "?", "!")) else f"{whole}."
