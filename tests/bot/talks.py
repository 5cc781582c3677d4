"""Whole conversations through the phone page, several at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

from handoff_service.rules.delivery.sms_text import segments
from tests.support.service import PATIENCE, Service

MAIN = "+18885550100"
AT_ONCE = 6
# each unknown number is in its own range, because automatic replies to one range are limited
_AREAS = [201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224]
_unknown = ((area, exchange) for exchange in itertools.count(220) for area in _AREAS)
_known = itertools.count(1)


@dataclass(slots=True)
class ConversationResult:
    """The result of a conversation. ``replies``: the replies to each text, in order. ``silent``:
    the number of texts that deliberately got no reply.
    """

    replies: list[list[str]] = field(default_factory=list)
    owner: str | None = None
    cases: list[str] = field(default_factory=list)
    silent: int = 0

    @property
    def said(self) -> list[str]:
        return [reply for replies in self.replies for reply in replies]

    @property
    def handed_over(self) -> bool:
        return self.owner != "virtual_agent"

    def faults(self) -> list[str]:
        """Return the faults of the conversation: answers over two segments, and answers that were
        sent more than three times.
        """
        long = [one for one in self.said if segments(one).count > 2]
        loops = {one for one in self.said if self.said.count(one) > 3}
        return [*(f"over two segments: {one}" for one in long), *(f"loop: {one}" for one in loops)]


class Phones:
    """Runs conversations with a running service, and reads the results as an agent would."""

    def __init__(self, desk: Service) -> None:
        self._desk = desk
        self._mia = self._signed_in("mia")
        self._grace = self._signed_in("grace")

    def _signed_in(self, name: str) -> dict[str, str]:
        login = {"email": f"{name}@example.com", "password": f"{name}-demo"}
        answer = requests.post(f"{self._desk.url}/api/v1/login", json=login, timeout=20)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def all(self, talks: Sequence[tuple[Sequence[str], bool]]) -> list[ConversationResult]:
        """Run all conversations. Each consists of its texts and whether it uses a user's number."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda talk: self.talk(talk[0], known=talk[1]), talks))

    def talk(self, texts: Sequence[str], *, known: bool = False) -> ConversationResult:
        number = self._user() if known else "+1{}{}0100".format(*next(_unknown))
        talked, seen = ConversationResult(), 0
        for text in texts:
            form = {"from": (None, number), "to": (None, MAIN), "body": (None, text)}
            requests.post(
                f"{self._desk.url}/phone/texts",
                files=form,
                headers={"HX-Request": "true"},
                timeout=60,
            ).raise_for_status()
            lines = self._answered(number, seen)
            new = lines[seen:]
            seen = len(lines)
            talked.replies.append([one["body"] for one in new if one["direction"] == "outbound"])
            talked.silent += any(_is_silence(one) for one in new)
        (interaction, *_) = self._interactions(number)
        talked.owner = (interaction["owner"] or {}).get("kind")
        found = self._get(f"/api/v1/cases?interaction_id={interaction['id']}")["items"]
        talked.cases = [case["description"] for case in found]
        return talked

    def _answered(self, number: str, seen: int) -> list[dict[str, Any]]:
        """Return the lines of the conversation once the text after the first ``seen`` lines has an
        answer, or once only an agent could answer it.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            (interaction, *_) = self._interactions(number) or [None]
            if interaction is not None:
                path = f"/api/v1/interactions/{interaction['id']}/messages?limit=200"
                lines: list[dict[str, Any]] = self._get(path)["items"]
                new = lines[seen:]
                owner = (interaction["owner"] or {}).get("kind")
                came = any(one["direction"] == "inbound" for one in new)
                answered = any(one["direction"] == "outbound" or _is_silence(one) for one in new)
                if came and (answered or owner != "virtual_agent"):
                    return lines
            time.sleep(0.1)
        raise AssertionError(f"{number} got no answer\n{self._desk.log.read_text()[-2000:]}")

    def _interactions(self, number: str) -> list[dict[str, Any]]:
        query = f"requester_number=%2B{number[1:]}&provider_number=%2B{MAIN[1:]}"
        found: list[dict[str, Any]] = self._get(f"/api/v1/interactions?{query}")["items"]
        return found

    def _get(self, path: str) -> dict[str, Any]:
        answer = requests.get(self._desk.url + path, headers=self._mia, timeout=60)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _user(self) -> str:
        """Return the number of a user who has not texted yet."""
        n = next(_known)
        number = f"+1303556{n:04}"
        user = {"external_id": f"E7{n:03}", "name": f"Alex {n}", "numbers": [number]}
        made = requests.post(
            f"{self._desk.url}/api/v1/users", json=user, headers=self._grace, timeout=60
        )
        made.raise_for_status()
        return number


def _is_silence(line: dict[str, Any]) -> bool:
    return str(line["body"]).startswith("Not answered:")
