"""Whether a signed form is cut into names and values as Twilio cut it.

Twilio's signature covers the names and values joined without separators. Whoever has seen one
signed request can therefore move characters between them and keep the signature: out of
``Body=Hi&From=%2B1...`` becomes another sender, another message or a shorter text. So each part of
a form has to be what Twilio writes there:

- Names are words, and none is repeated.
- Each value with a known form has that form, above all the ids of the account and the message.
- A known name stands nowhere but as a name. Only Body, which people write, may hold anything.
- The value behind a sender ends in no other sender that is a name.
- A sender that begins as FromCity goes on, such as CityBank, stands behind nothing that could be
  the real sender. The other way round, FromCity=Bank is no sender's place alone: a city, state or
  zip code has the others beside it.
- Behind a value that may hold anything, and behind a sender that is a name, only a known name
  follows; behind Body only From.

Twilio adds parameters without notice, so an unknown name is no fault by itself. Should a new one
sort behind such a value, its texts are refused here, and the gap sweep fetches them from Twilio.
Source: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
from collections.abc import Sequence

from handoff_service.rules.delivery.senders import NAME

LONGEST_NAME = 40  # the longest that is known has 28: OriginalRepliedMessageSender
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9]{{0,{LONGEST_NAME - 1}}}")
SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
_NUMBER = re.compile(r"\+?[0-9]{0,15}")
# A name as sender, which must not hold what a recut could make of the parameters around it.
_SENDER_NAME = re.compile(rf"(?!Country)(?!.*From){NAME}")
# From and such a name look like FromCity and its value
_LIKE_A_PARAMETER = re.compile(r"City|State|Zip")
_FROM = re.compile(rf"{_NUMBER.pattern}|{_SENDER_NAME.pattern}")
_ENDS_IN_NAME = re.compile(rf"From{NAME}\Z")
_PLACES = frozenset({"FromCity", "FromCountry", "FromState", "FromZip"})
_DIGITS = re.compile(r"[0-9]*")
_LOWER = re.compile(r"[a-z_-]*")
_UPPER = re.compile(r"[A-Z]*")

# Twilio's parameters of texts and receipts, with what their values look like; None: anything.
_FORMS: dict[str, re.Pattern[str] | None] = {
    "AccountSid": re.compile(r"AC[0-9a-f]{32}"),
    "AddOns": None,
    "ApiVersion": re.compile(r"(\d{4}-\d\d-\d\d)?"),
    "Body": None,
    "ErrorCode": re.compile(r"[A-Z]?[0-9]*"),
    "ErrorMessage": None,
    "From": _FROM,
    "FromCity": None,
    "FromCountry": _UPPER,
    "FromState": None,
    "FromZip": re.compile(r"[0-9A-Z -]*"),
    "MessageSid": SID,
    "MessageStatus": _LOWER,
    "MessagingServiceSid": re.compile(r"(MG[0-9a-f]{32})?"),
    "NumMedia": _DIGITS,
    "NumSegments": _DIGITS,
    "OptOutType": _UPPER,
    "OriginalRepliedMessageSender": None,
    "OriginalRepliedMessageSid": None,
    "RawDlrDoneDate": _DIGITS,
    "ReferralNumMedia": _DIGITS,
    "SmsMessageSid": re.compile(rf"({SID.pattern})?"),
    "SmsSid": re.compile(rf"({SID.pattern})?"),
    "SmsStatus": _LOWER,
    "To": _NUMBER,
    "ToCity": None,
    "ToCountry": _UPPER,
    "ToState": None,
    "ToZip": re.compile(r"[0-9A-Z -]*"),
    **{f"Media{what}{n}": None for what in ("Url", "ContentType") for n in range(100)},
}
_LONG = sorted(
    (name for name in _FORMS if name not in ("From", "To") and name[-1].isalpha()),
    key=len,
    reverse=True,
)
_HIDDEN = re.compile(rf"{'|'.join(_LONG)}|Media(?:Url|ContentType)[0-9]|(?:From|To)(?=\+?[0-9])")


def fault(pairs: Sequence[tuple[str, str]], query: str, account: str) -> str | None:
    """What is wrong with a signed form, as ``name what``; None when it is cut as Twilio cuts it.

    Args:
        pairs: Every (name, value), blanks included.
        query: The query of the address, which the signature covers before the form.
        account: The id of our account.
    """
    parts, starts, before, is_open, raw = [query], set(), "", False, query
    at, places = len(query), _PLACES & {name for name, _ in pairs}
    for name, value in sorted(pairs):
        if name not in _FORMS and not _NAME.fullmatch(name):
            return "A parameter has an invalid name."
        if name == before:
            return f"{_said(name)} is there twice."
        if wrong := _wrong(name, value, before, account, is_open=is_open) or _another_sender(
            name, value, raw
        ):
            return wrong
        if name in _FORMS:
            starts.add(at)
        # Body is left out, and its neighbors are kept apart.
        part = "\0" if name == "Body" else name + value
        parts.append(part)
        raw += name + value
        at += len(part)
        before = name
        is_open = (name in _FORMS and _FORMS[name] is None) or (
            name == "From" and not _NUMBER.fullmatch(value)
        )
    if len(places) == 1 and places != {"FromCountry"}:
        return f"{min(places)} stands alone."
    hidden = next(
        (found for found in _HIDDEN.finditer("".join(parts)) if found.start() not in starts), None
    )
    return f"{hidden[0]} stands inside another parameter." if hidden else None


def _said(name: str) -> str:
    """A name for the log. One that is not known may be a piece of somebody's text."""
    return name if name in _FORMS else "A parameter that is not known"


def _another_sender(name: str, value: str, raw: str) -> str | None:
    """Where a sender that is a name may be hidden; ``raw``: all that the signature covers before
    this parameter."""
    if name == "From" and _LIKE_A_PARAMETER.match(value) and "From" in raw:
        return "From must be as Twilio writes it."
    if name > "From" and _ENDS_IN_NAME.search(value if name in _FORMS else name + value):
        return f"A sender stands inside {_said(name)}."
    return None


def _wrong(name: str, value: str, before: str, account: str, *, is_open: bool) -> str | None:
    """``before``: the name that sorts before this one; ``is_open``: its value may end in letters of
    a name."""
    if name == "AccountSid" and value != account:
        return "AccountSid is not our account."
    if before == "Body" and name != "From":
        return f"From must follow Body, and {_said(name)} does."
    if name not in _FORMS:
        return f"{_said(name)} cannot follow {before}." if is_open else None
    form = _FORMS[name]
    return (
        f"{name} must be as Twilio writes it."
        if form is not None and not form.fullmatch(value)
        else None
    )
