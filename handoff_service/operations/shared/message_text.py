"""Check a text or a note that an agent has written."""

from handoff_service.errors import BadInput
from handoff_service.rules.delivery.sms_characters import is_visible, nothing_visible
from handoff_service.rules.delivery.sms_text import LONGEST
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.training.masking import a_mask


def checked_text(
    body: str, *, most: int = LONGEST, may_be_empty: bool = False, field: str = "body"
) -> str:
    """Return the text without surrounding whitespace. ``may_be_empty``: whether a text that shows
    nothing is allowed. Raises BadInput for the field if the text may not be empty but is, if it is
    longer than ``most`` characters, or if it contains a NUL character, which no database stores."""
    text = body.strip() if is_visible(body) else ""
    if not text and not may_be_empty:
        raise BadInput(errors={field: nothing_visible(body)})
    if len(text) > most:
        raise BadInput(
            errors={
                field: phrase(
                    "must be at most {most} characters; it has {number}",
                    most=most,
                    number=len(text),
                )
            }
        )
    if "\0" in text:
        raise BadInput(errors={field: phrase("must not contain a NUL character")})
    return text


def checked_sms(
    body: str, *, most: int = LONGEST, may_be_empty: bool = False, field: str = "body"
) -> str:
    """Like ``checked_text``, for a text to a requester. Also raises BadInput for a mask, such as
    one that a suggested reply contains."""
    text = checked_text(body, most=most, may_be_empty=may_be_empty, field=field)
    if mask := a_mask(text):
        raise BadInput(
            errors={
                field: phrase("still has {mask}. Replace it before you send this text", mask=mask)
            }
        )
    return text
