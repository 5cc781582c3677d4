"""Detects a *recut* form: a signed form in which somebody has moved characters between names and
values.

Twilio's signature covers the names and values joined without separators. An attacker who has seen
one signed request can therefore move characters between names and values and keep the signature
valid. From ``Body=Hi&From=%2B1...`` the attacker could forge another sender, another message or a
shorter text. So this module checks that each parameter looks as Twilio writes it:

- Names consist of letters and digits, and none occurs twice.
- If a parameter has a known format, its value has that format. The ids of the account and the
  message matter most.
- A known name never occurs inside another parameter, except inside Body, because people write it.
  ``From`` and ``To`` are common words. So they count only if a number follows them.
- No parameter that is sorted after From ends with the word ``From`` and a sender name, because an
  attacker could hide the real sender there.
- ``From=CityBank`` and ``FromCity=Bank`` are identical without separators. So a sender name must
  not begin with City, State or Zip if ``From`` occurs anywhere before it. FromCity, FromState or
  FromZip must not be the only place parameter.
- The parameter after a value without a fixed format, or after a sender name, has a known name. The
  parameter after Body is From.

Twilio adds parameters without notice, so this module accepts unknown names. However, it refuses a
text in which an unknown name follows a value without a fixed format. The gap sweep then fetches the
text from Twilio.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import re
from collections.abc import Sequence

from handoff_service.rules.delivery.senders import NAME

LONGEST_NAME = 40  # the longest known name has 28 characters: OriginalRepliedMessageSender
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9]{{0,{LONGEST_NAME - 1}}}")
SID = re.compile(r"(SM|MM)[0-9a-f]{32}")
_NUMBER = re.compile(r"\+?[0-9]{0,15}")
# A sender name. Its characters are listed in
# https://www.twilio.com/content/dam/twilio-com/global/en/blog/pdfs/Permitted-Sender-ID-characters.pdf
# It must not contain text that could come from a recut of the neighboring parameters.
_SENDER_NAME = re.compile(rf"(?!Country)(?!.*From){NAME}")
# ``From`` and a sender name that begins with one of these words look like FromCity, FromState or
# FromZip with a value
_LIKE_A_PARAMETER = re.compile(r"City|State|Zip")
_FROM = re.compile(rf"{_NUMBER.pattern}|{_SENDER_NAME.pattern}")
_ENDS_IN_NAME = re.compile(rf"From{NAME}\Z")
_PLACES = frozenset({"FromCity", "FromCountry", "FromState", "FromZip"})
_DIGITS = re.compile(r"[0-9]*")
_LOWER = re.compile(r"[a-z_-]*")
_UPPER = re.compile(r"[A-Z]*")

# Twilio's parameters of texts and receipts, with the format of their values; None: any value.
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


def error(pairs: Sequence[tuple[str, str]], query: str, account: str) -> str | None:
    """Return what is wrong with a signed form, as a sentence; None if it is not recut.

    Args:
        pairs: Every (name, value), including blank ones.
        query: The query string of the address. The signature covers it before the form.
        account: The id of our account.
    """
    parts, starts, before, is_open, raw = [query], set(), "", False, query
    at, places = len(query), _PLACES & {name for name, _ in pairs}
    for name, value in sorted(pairs):
        if name not in _FORMS and not _NAME.fullmatch(name):
            return "A parameter has an invalid name."
        if name == before:
            return f"{_loggable(name)} occurs twice."
        if wrong := _wrong(name, value, before, account, is_open=is_open) or _another_sender(
            name, value, raw
        ):
            return wrong
        if name in _FORMS:
            starts.add(at)
        # Replace Body with a NUL, which keeps its neighbors apart.
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
    return f"{hidden[0]} occurs inside another parameter." if hidden else None


def _loggable(name: str) -> str:
    """Return a name that may be logged. An unknown name may be part of a person's text, so it must
    not be logged."""
    return name if name in _FORMS else "A parameter that is not known"


def _another_sender(name: str, value: str, raw: str) -> str | None:
    """Return an error if a sender name may be hidden in this parameter; else None. ``raw``:
    everything that the signature covers before this parameter."""
    if name == "From" and _LIKE_A_PARAMETER.match(value) and "From" in raw:
        return "From must be as Twilio writes it."
    if name > "From" and _ENDS_IN_NAME.search(value if name in _FORMS else name + value):
        return f"A sender name occurs inside {_loggable(name)}."
    return None


def _wrong(name: str, value: str, before: str, account: str, *, is_open: bool) -> str | None:
    """Return what is wrong with one parameter; None if nothing is. ``before``: the name that is
    sorted before this one. ``is_open``: whether the value of ``before`` has no fixed format or is a
    sender name, so it may end with the letters of a name."""
    if name == "AccountSid" and value != account:
        return "AccountSid is not our account."
    if before == "Body" and name != "From":
        return f"From must follow Body, but {_loggable(name)} follows it."
    if name not in _FORMS:
        return f"{_loggable(name)} cannot follow {before}." if is_open else None
    form = _FORMS[name]
    return (
        f"{name} must be as Twilio writes it."
        if form is not None and not form.fullmatch(value)
        else None
    )
