"""Templates: canned responses for the composer, filled with the names and attributes of the
conversation."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from handoff_service.rules.delivery.sms_characters import is_visible, nothing_visible
from handoff_service.rules.delivery.sms_text import MAX_BODY
from handoff_service.rules.desk.attributes import AttributeFields, example
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import PEOPLE, Placeholders

GUEST, NOBODY = "there", "our team"  # they replace an unknown name: "Hi there"
EXAMPLE = Placeholders(requester="Ann Lee", agent="Mia Chen", number="INT0000012")


def example_of(defined: Mapping[str, AttributeFields]) -> Placeholders:
    """``EXAMPLE`` with typical values of the desk's attributes, for previews."""
    return replace(EXAMPLE, attributes={name: example(one) for name, one in defined.items()})


def filled(body: str, who: Placeholders) -> str:
    """The text for one conversation. The caller has checked that all attributes in the text have a
    value (``placeholders.unset_in``)."""
    return placeholders.fill(body, placeholders.people(who, guest=GUEST, nobody=NOBODY))


def names_conversation(body: str) -> bool:
    """Whether the template uses the conversation's number."""
    return "{interaction.number}" in body


def error(body: str, attributes: Collection[str] | None = None) -> str | None:
    """The error of a template's text. None when it can be saved. ``attributes``: the fields of the
    desk's attributes; None: they are not checked."""
    if not is_visible(body):
        return nothing_visible(body)
    if len(body) > MAX_BODY:
        return phrase(
            "must be at most {most} characters; it has {number}",
            most=MAX_BODY,
            number=len(body),
        )
    return placeholders.error(body, PEOPLE, attributes)
