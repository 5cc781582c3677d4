"""Resolve a case and text its requester. The text is sent in the open conversation of the
requester's line, or in its last one if none is open."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from handoff_service.errors import BadInput, Conflict, NotFound
from handoff_service.operations.cases.change_case import ChangeCase, change_case
from handoff_service.operations.consent.change_consent import must_allow
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.message_text import checked_sms
from handoff_service.operations.shared.messages_to_many import announce
from handoff_service.operations.shared.participation import take_part
from handoff_service.rules.cases.cases import number
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Author, CaseState, Event, Owner
from handoff_service.store.cases import case_lines
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction

NOWHERE = phrase("This case's requester has no conversation to text in.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAndText:
    """``text``: sent to the requester if the change resolves the case; None: no text."""

    change: ChangeCase
    text: str | None = None


def change_and_text(tx: Transaction, command: ChangeAndText) -> None:
    """Change the case. If the change resolves it, send the text. The requester of a case that is
    already resolved gets no second text, so a client may repeat its call. Raises BadInput for a
    text with another state. Raises Conflict for a requester who cannot be texted or has no
    conversation. Raises the errors of ``change_case``, too."""
    change = command.change
    if command.text is None:
        return change_case(tx, change)
    body = checked_sms(command.text, field="text")
    if change.values.get("state") != CaseState.RESOLVED:
        raise BadInput(errors={"text": phrase("is allowed only when the state is resolved")})
    state = tx.conn.execute(select(t.cases.c.state).where(t.cases.c.id == change.id)).scalar()
    if state is None:
        raise NotFound(phrase("There is no case {id}.", id=change.id))
    if state == CaseState.RESOLVED:
        return change_case(tx, change)
    interaction = _where(tx, change)
    must_allow(tx.conn, interaction.requester_number, interaction.provider_number_id)
    take_part(tx, interaction, change.agent_id)
    noted = "\n".join(filter(None, [(change.note or "").strip(), f"Texted “{body}”"]))
    change_case(tx, replace(change, note=noted))
    for part in split(body) or [body]:
        _send(tx, interactions.lock(tx.conn, interaction.id), part, change)
    return None


def _where(tx: Transaction, change: ChangeCase) -> InteractionRow:
    """The conversation that gets the text. It is locked together with the conversation of the
    change, lowest id first."""
    target = case_lines.target(tx.conn, change.id)
    if target is None:
        raise Conflict(NOWHERE)
    ids = {target, change.interaction_id or target}
    return interactions.lock_each(tx.conn, sorted(ids))[target]


def _send(tx: Transaction, interaction: InteractionRow, part: str, change: ChangeCase) -> None:
    """Send one part of the text. In an open conversation that a live agent owns, it is an agent's
    text, which starts timers. In any other, it is an announcement, which starts none."""
    by, about = change.agent_id, number(change.id)
    if not interaction.active or interaction.owner is not Owner.AGENT:
        announce(tx, [interaction], part, Event.CASE_TEXT, agent_id=by, reason=about)
        return
    event = Event.CASE_TEXT
    sent = messages.send_text(tx, interaction, part, Author.AGENT, agent_id=by, event=event)
    m = t.messages
    tx.conn.execute(update(m).where(m.c.id == sent).values(reason=about))


def why_cannot_text(conn: Connection, case_id: int) -> str | None:
    """Why the case's requester cannot be texted. None when they can."""
    target = case_lines.target(conn, case_id)
    if target is None:
        return NOWHERE
    i = t.interactions
    row = conn.execute(
        select(*i.c["requester_number", "provider_number_id"]).where(i.c.id == target)
    ).one()
    try:
        must_allow(conn, row.requester_number, row.provider_number_id)
    except Conflict as error:
        return str(error)
    return None
