"""End an outage, and begin to text the people who reported it that the service works again.
``text_outage.py`` sends the texts."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import insert, select

from handoff_service.errors import BadInput, Conflict
from handoff_service.operations.cases.outages import ChangeOutage, change_outage
from handoff_service.operations.conversations.text_outage import schedule_batch
from handoff_service.operations.shared.message_text import checked_sms
from handoff_service.rules.delivery.carrier_keywords import asks_for_opt_out
from handoff_service.rules.delivery.sms_text import MAX_BODY
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import Translations, name_in
from handoff_service.store.cases import outage_reporters, outage_texts, outages
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.bulk import insert_rows
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import OutageTextState, Reachable

x, r = t.outage_texts, t.outage_recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOutage:
    """``text``: the text in English; None: nobody gets a text. ``translations``: the text for
    people who text in other languages; people without a translation get ``text``. ``most``: the
    most people who may get the text, usually the number in the dry run. None: no limit."""

    outage_id: int
    agent_id: int
    text: str | None = None
    translations: Translations = field(default_factory=dict)
    most: int | None = None


def end_outage(tx: Transaction, command: EndOutage) -> int | None:
    """End the outage now, unless it has already ended. Returns the id of the text, or None if the
    command has no text. Raises NotFound for an unknown outage, and BadInput for a wrong text.
    Raises Conflict while another text about the outage is being sent, and when nobody or more than
    ``most`` people would get the text."""
    outage = outages.get(tx.conn, command.outage_id, tx.now)
    text_id = None if command.text is None else _start(tx, command, command.text)
    if outage.current:
        change_outage(tx, ChangeOutage(id=outage.id, values={"until": tx.now}))
    return text_id


def _start(tx: Transaction, command: EndOutage, text: str) -> int:
    body = _checked(text, "text")
    translations = {
        language: _checked(translation, name_in("text", language))
        for language, translation in command.translations.items()
    }
    tx.conn.execute(
        select(t.outages.c.id).where(t.outages.c.id == command.outage_id).with_for_update()
    )
    if outage_texts.is_sending(tx.conn, command.outage_id):
        raise Conflict(
            phrase("A text about this outage is being sent already. Wait, or cancel it.")
        )
    run = outage_reporters.dry_run(tx.conn, command.outage_id, body, translations, at=tx.now)
    people = [one for one in run.people if one.reachable in (Reachable.NOW, Reachable.LATER)]
    if not people:
        again = run.count(Reachable.TEXTED_BEFORE)
        everybody = phrase("Everybody who can be texted has been texted already.")
        nobody = phrase("Nobody would get this text. End the outage without a text.")
        raise Conflict(everybody if again else nobody)
    if command.most is not None and len(people) > command.most:
        raise Conflict(
            phrase(
                "This text would now go to {count} people, not {most}. Check the list, "
                "then send again.",
                count=len(people),
                most=command.most,
            )
        )
    values = {
        "outage_id": command.outage_id,
        "agent_id": command.agent_id,
        "body": body,
        "translations": translations,
        "state": OutageTextState.SENDING,
        "created_at": tx.now,
    }
    text_id: int = tx.conn.execute(insert(x).values(values).returning(x.c.id)).scalar_one()
    rows = [
        {
            "outage_text_id": text_id,
            "interaction_id": one.interaction_id,
            "case_id": one.case.id if one.case else None,
        }
        for one in people
    ]
    insert_rows(tx.conn, r, rows)
    schedule_batch(tx, text_id, timedelta(0))
    return text_id


def _checked(text: str, field: str) -> str:
    body = checked_sms(text, most=MAX_BODY, field=field)
    if keyword := asks_for_opt_out(body):
        wrong = phrase(
            "asks people to reply {keyword}, which opts them out; use another word", keyword=keyword
        )
        raise BadInput(errors={field: wrong})
    return body
