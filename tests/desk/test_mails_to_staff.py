"""Each mail to an agent is in the language that the agent has chosen, and in English without a
choice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

import handoff_service
from handoff_service.operations.delivery.watch_gateway import alert_mails
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.operations.desk.password_links import MailLink, begin_link_mail
from handoff_service.operations.webhooks.switch_off import notices, switch_off
from handoff_service.operations.webhooks.webhooks import MakeWebhook, make_webhook
from handoff_service.ports.mail import Mail
from handoff_service.rules.delivery.gateway_watch import AwayReason, GatewayWatch
from handoff_service.rules.desk.password_links import Purpose
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.vocabulary import Role, WebhookEvent
from handoff_service.rules.webhooks.webhooks import WebhookFields
from handoff_service.store.engine.transaction import Transaction
from tests.support.story import Story

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CODE = Path(handoff_service.__file__).parent
#: Functions that write mails: to agents in their language, to requesters in theirs, and
#: notifications.
WRITERS = {
    "operations/shared/staff_mail.py",
    "operations/identity/mail_code.py",
    "operations/routing/notify_agents.py",
}
AWAY = GatewayWatch(
    failing_since=datetime(2026, 11, 23, 14, 3, tzinfo=UTC),
    reason=AwayReason.NO_ANSWER,
    alerted_at=datetime(2026, 11, 23, 14, 6, tzinfo=UTC),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admins:
    """A desk with a German admin, a French admin, and one who has chosen no language."""

    story: Story
    ids: dict[str, int]

    async def mails(self, read: Callable[[Connection], list[Mail]]) -> dict[str, Mail]:
        return {one.to: one for one in await self.story.store.read(read)}


@pytest.fixture
async def admins(story: Story) -> Admins:
    ids = {}
    for name, language in (
        ("gerda", Language.GERMAN),
        ("fred", Language.FRENCH),
        ("grace", None),
    ):
        email = f"{name}@example.com"
        made = MakeAgent(
            email=email, name=name.title(), password_hash="", capacity=0, roles=[Role.ADMIN]
        )
        ids[email] = await story.store.write(make_agent, made)
        chosen = ChangeAgent(id=ids[email], by=None, values={"language": language})
        await story.store.write(change_agent, chosen)
    return Admins(story=story, ids=ids)


async def test_admins_read_about_an_away_gateway_in_their_languages(admins: Admins) -> None:
    mails = await admins.mails(lambda conn: alert_mails(conn, AWAY))
    assert {to: mail.subject for to, mail in mails.items()} == {
        "gerda@example.com": "Northwind IT: Das SMS-Gateway ist nicht erreichbar",
        "fred@example.com": "Northwind IT\N{NO-BREAK SPACE}: la passerelle SMS est injoignable",
        "grace@example.com": "Northwind IT: the SMS gateway is unavailable",
    }
    assert mails["gerda@example.com"].body.startswith(
        "Das SMS-Gateway hat seit dem 23. November 2026, 09:03 EST nicht geantwortet."
    )


async def test_admins_read_about_a_switched_off_webhook_in_their_languages(admins: Admins) -> None:
    fields = WebhookFields(
        name="Tickets",
        url="https://tickets.example.com/hook",
        events=(WebhookEvent.CONVERSATION_CLOSED,),
    )
    webhook = await admins.story.store.write(
        make_webhook, MakeWebhook(fields=fields, secret=SECRET)
    )
    await admins.story.store.write(switch_off, webhook)
    mails = await admins.mails(lambda conn: notices(conn, webhook))
    assert "Der letzte Versuch: unbekannt" in mails["gerda@example.com"].body
    assert "The last attempt: unknown" in mails["grace@example.com"].body


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_link_for_a_password_is_in_the_agents_language(
    admins: Admins, purpose: Purpose
) -> None:
    def first_line(tx: Transaction, agent_id: int) -> str:
        mail = begin_link_mail(tx, MailLink(agent_id, purpose))
        assert mail is not None
        return mail.body.partition("\n")[0]

    assert [await admins.story.store.write(first_line, one) for one in admins.ids.values()] == [
        "Guten Tag Gerda,",
        "Bonjour Fred,",
        "Hello Grace,",
    ]


def test_mails_are_written_by_functions_that_know_the_language() -> None:
    """To fix a failure, call ``mail_to`` of ``operations/shared/staff_mail.py``."""
    writers = {
        str(path.relative_to(CODE))
        for path in CODE.rglob("*.py")
        if re.search(r"(?<!\w)Mail\(", path.read_text())
    }
    assert writers - WRITERS == set()
