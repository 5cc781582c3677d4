"""The API's reference lists every call with its roles, and every event with the fields of its
payload.
"""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.views import InboxOffer, Interaction, Message
from handoff_service.web.api import events, media, privacy
from handoff_service.web.api.calls import Call
from handoff_service.web.api.routes import CALLS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def row(call: Call) -> str:
    path = "/api" + re.sub(r"<(\w+):\w+>", r"{\1}", call.path)
    roles = (
        "every role" if set(call.roles) == set(Role) else ", ".join(sorted(call.roles)) or "anyone"
    )
    return f"| `{call.method} {path}` | {call.summary} | {roles} |"


def test_each_call_is_listed() -> None:
    listed = re.findall(r"^\| `[A-Z]+ /api.*$", (REFERENCE / "api.md").read_text(), re.MULTILINE)
    assert listed == [row(call) for call in (*CALLS, *media.CALLS, privacy.HAND_OUT, events.CALL)]


@pytest.mark.parametrize("payload", [Message, Interaction, InboxOffer])
def test_each_field_of_an_event_is_listed(payload: Any) -> None:
    text = (REFERENCE / "events.md").read_text()
    section = re.split(rf"^An? `{payload.__name__}` has these fields:$", text, flags=re.MULTILINE)[
        1
    ]
    rows = re.findall(
        r"^\| `(\w+)` \|", re.split(r"^(?:An? `|## )", section, flags=re.MULTILINE)[0], re.MULTILINE
    )
    assert rows == [field.name for field in fields(payload)]
