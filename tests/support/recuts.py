"""Makes *recuts* of signed forms: forms with different names and values, but the same joined text
and therefore the same signature.
"""

import itertools
import random
from collections.abc import Iterator

from tests.support.fake_twilio import ACCOUNT_SID, sid

type Pairs = list[tuple[str, str]]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 +-./:"


def joined(pairs: Pairs) -> str:
    """Return the text of a form that is signed."""
    return "".join(name + value for name, value in sorted(set(pairs)))


def text_form(chance: random.Random) -> Pairs:
    """Return the form of a text. Its body is often easy to recut."""
    traps = [
        "hello", "", "I saw Doctor Who", "HiFrom+12025550199", "HiFrom+12025550199FromA",
        "HiFrom+12025550199G",
        f"HiFrom+12025550199MessageSid{sid(9)}NumMedia0", f"xMessageSid{sid(7)}", "Body",
        "ErrorCode30003",
        f"XFrom72975FromCityAFromCountryUSMessageSid{sid(8)}To+18885550200ToZip",
        "".join(chance.choices(ALPHABET, k=40)), "xFromA", "see FromHELLO", "xFrom12345",
        "xFrom+12025550199FromCityA",
        "xFrom+12025550199G",
    ]  # fmt: skip
    city = chance.choice(["WASHINGTON", "", "NEW YORK", "Montréal", "TORONTO"])
    sender = chance.choice(
        ["+12025550101"] * 3
        + [
            "12345",
            "SUPPORT",
            "ABCHELLO",
            "TomTom",
            "Booking.com",
            "A",
            "CityBank",
            "StateFarm",
            "ZipCar",
        ]
    )
    form = {
        "MessageSid": sid(chance.getrandbits(100)), "AccountSid": ACCOUNT_SID, "From": sender,
        "To": "+18885550100", "Body": chance.choice(traps), "NumMedia": "0", "NumSegments": "1",
    }  # fmt: skip
    form |= {
        "SmsSid": form["MessageSid"],
        "SmsMessageSid": form["MessageSid"],
        "SmsStatus": "received",
    }
    if chance.random() < 0.8:
        form |= {
            "ApiVersion": "2010-04-01",
            "FromCity": city,
            "FromState": "DC",
            "FromZip": "20001",
        }
        form |= {"FromCountry": "US", "ToCity": "", "ToState": "", "ToZip": "", "ToCountry": "US"}
    if chance.random() < 0.3:
        form |= {
            "NumMedia": "1",
            "MediaContentType0": "image/png",
            "MediaUrl0": "https://api.twilio.com/2010/ME12ab",
        }
    if chance.random() < 0.2:
        form |= {"OptOutType": "STOP"}
    return list(form.items())


def receipt_form(chance: random.Random) -> Pairs:
    """Return the form of a receipt."""
    form = {
        "MessageSid": sid(chance.getrandbits(100)), "AccountSid": ACCOUNT_SID,
        "From": "+18885550100",
        "To": "+12025550101", "MessageStatus": chance.choice(["sent", "delivered"]),
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    form |= {"SmsSid": form["MessageSid"], "SmsStatus": form["MessageStatus"]}
    if chance.random() < 0.3:
        form |= {"MessageStatus": "failed", "ErrorCode": "30003", "RawDlrDoneDate": "2611281200"}
    return list(form.items())


def recuts(
    pairs: Pairs, query: str, chance: random.Random, count: int
) -> Iterator[tuple[Pairs, str]]:
    """Yield random other pairs (form, query) that have the same signature as this one."""
    whole, genuine = query + joined(pairs), sorted(pairs)
    marks = [len(query)]
    for name, value in genuine:
        marks += [marks[-1] + len(name), marks[-1] + len(name) + len(value)]
    found = 0
    while found < count:
        cut = _moved(marks, whole, chance)
        if not query:
            cut[0] = 0  # Without a query, no part of the form can move into the address.
        parts = [whole[a:b] for a, b in itertools.pairwise(cut)]
        other = list(zip(parts[::2], parts[1::2], strict=True))
        if whole[: cut[0]] + joined(other) == whole and (sorted(other), whole[: cut[0]]) != (
            genuine,
            query,
        ):
            found += 1
            yield other, whole[: cut[0]]


def _moved(marks: list[int], whole: str, chance: random.Random) -> list[int]:
    """Return random new positions of the cuts: some moved, some removed, and some added."""
    cut = list(marks)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        match chance.randrange(4):
            case 0:
                at = chance.randrange(len(cut) - 1)
                cut[at] += chance.choice([-3, -2, -1, 1, 2, 3, chance.randint(-40, 40)])
            case 1 if len(cut) > 4:
                at = chance.randrange(1, len(cut) - 2)
                del cut[at : at + 2]
            case 2:
                start = chance.randrange(len(whole))
                cut += [start, min(len(whole), start + chance.randint(1, 12))]
            case _:
                capitals = [n for n, c in enumerate(whole) if c.isupper()]
                start = chance.choice(capitals)
                cut += [start, min(len(whole), start + chance.randint(1, 12))]
    inside = sorted(min(max(mark, 0), len(whole)) for mark in cut[:-1])
    made = [*inside, len(whole)]
    return made if len(made) % 2 else made[:-2] + made[-1:]


def mutated(pairs: Pairs, chance: random.Random) -> Pairs:
    """Return the form with one random change."""
    other, at = list(pairs), chance.randrange(len(pairs))
    name, value = other[at]
    match chance.randrange(5):
        case 0:
            other[at] = (name, value + chance.choice(ALPHABET))
        case 1:
            other[at] = (name + chance.choice(ALPHABET), value)
        case 2:
            del other[at]
        case 3:
            other.append((name, value + "x"))
        case _:
            other.append((f"X{name}", chance.choice(ALPHABET)))
    return other
