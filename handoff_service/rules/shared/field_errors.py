"""Errors of fields as the sentences that people read on pages."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import joined, phrase

#: a field of the API -> its name on pages
CALLED = {
    "body": phrase("The text"),
    "closing_text": phrase("The closing text"),
    "media": phrase("The pictures"),
    "note": phrase("The note"),
    "send_at": phrase("The time"),
    "topic_id": phrase("The topic"),
}


def field_sentences(errors: Mapping[str, str]) -> str:
    """One sentence for each wrong field. ``errors``: field -> the error, which may leave out the
    field as its subject.
    """
    return joined(" ", (_sentence(name, what) for name, what in errors.items()))


def _sentence(name: str, what: str) -> str:
    called = CALLED.get(name) or name.replace("_", " ").capitalize()
    whole = joined(" ", (called, what)) if what[:1].islower() else what
    return whole if whole.endswith((".", "?", "!")) else joined("", (whole, "."))
