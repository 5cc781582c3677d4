"""Turns the errors of fields into the sentences that people read on pages."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import joined, phrase

#: a field of the API -> its name on pages
CALLED = {
    "agent_id": phrase("The agent"),
    "attributes": phrase("The attributes"),
    "body": phrase("The text"),
    "closing_text": phrase("The closing text"),
    "code": phrase("The code"),
    "description": phrase("The description"),
    "email": phrase("The e-mail address"),
    "hold_until": phrase("The end of the hold"),
    "label_id": phrase("The label"),
    "macro_id": phrase("The macro"),
    "media": phrase("The pictures"),
    "name": phrase("The name"),
    "note": phrase("The note"),
    "number": phrase("The number"),
    "outcome": phrase("The outcome"),
    "priority": phrase("The priority"),
    "promised_at": phrase("The promised time"),
    "queue_id": phrase("The queue"),
    "remind_at": phrase("The time of the reminder"),
    "send_at": phrase("The time"),
    "state": phrase("The state"),
    "text": phrase("The text"),
    "topic_id": phrase("The topic"),
    "user_id": phrase("The user"),
}


def field_sentences(errors: Mapping[str, str]) -> str:
    """One sentence for each wrong field. ``errors``: field -> the error, which may leave out the
    field as its subject.
    """
    return joined(" ", (_sentence(name, what) for name, what in errors.items()))


def _sentence(name: str, what: str) -> str:
    called = CALLED.get(name) or phrase("The field “{field}”", field=name)
    whole = joined(" ", (called, what)) if what[:1].islower() else what
    return whole if whole.endswith((".", "?", "!")) else joined("", (whole, "."))
