"""An agent dismisses a prompt, such as one about a low grade. Other agents still see it, and the
agent sees the next prompt."""

from dataclasses import dataclass

from sqlalchemy import select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Event
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.database import upsert
from handoff_service.store.engine.transaction import Transaction

PROMPTS = (Event.PROMPT, Event.ALARM, Event.WAITING, Event.GRADE, Event.GRADE_COMMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dismiss:
    """``seq``: the prompt's position in the conversation. Older prompts of the conversation are
    dismissed too.
    """

    interaction_id: int
    agent_id: int
    seq: int


def dismiss_prompt(tx: Transaction, command: Dismiss) -> None:
    """Record that this agent has dismissed the prompt. A repeated call, or a call for an older
    prompt, changes nothing. Raises NotFound when there is no such prompt."""
    m, d = t.messages, t.dismissed_prompts
    prompt = select(m.c.id).where(
        m.c.interaction_id == command.interaction_id, m.c.seq == command.seq
    )
    if tx.conn.execute(prompt.where(m.c.event.in_(PROMPTS))).first() is None:
        raise NotFound(
            phrase(
                "There is no prompt {seq} in conversation {interaction_id}.",
                seq=command.seq,
                interaction_id=command.interaction_id,
            )
        )
    new = upsert(tx.conn, d)
    key = [d.c.agent_id, d.c.interaction_id]
    tx.conn.execute(
        new.on_conflict_do_update(
            index_elements=key, set_={"seq": new.excluded.seq}, where=d.c.seq < new.excluded.seq
        ),
        {
            "agent_id": command.agent_id,
            "interaction_id": command.interaction_id,
            "seq": command.seq,
        },
    )
    tx.hint(f"agent:{command.agent_id}")
