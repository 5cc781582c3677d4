"""Templates: what agents put into the composer, with the names of the conversation filled in."""

from handoff_service.rules.delivery.sms_characters import is_visible, nothing_visible
from handoff_service.rules.delivery.sms_text import MAX_BODY
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.placeholders import PEOPLE, Placeholders

GUEST, NOBODY = "there", "our team"  # for names that are not known: "Hi there"
EXAMPLE = Placeholders(requester="Ann Lee", agent="Mia Chen", number="INT0000012")


def filled(body: str, who: Placeholders) -> str:
    """The text for one conversation. No braces are left."""
    return placeholders.fill(body, placeholders.people(who, guest=GUEST, nobody=NOBODY))


def names_conversation(body: str) -> bool:
    """Whether the template needs the number of a conversation."""
    return "{interaction.number}" in body


def error(body: str) -> str | None:
    """What is wrong with a template's text; None when it can be saved."""
    if not is_visible(body):
        return nothing_visible(body)
    if len(body) > MAX_BODY:
        return f"must be at most {MAX_BODY} characters; it has {len(body)}"
    return placeholders.error(body, PEOPLE)
