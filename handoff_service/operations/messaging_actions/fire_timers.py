"""Carry out messaging actions when their timers are due, by table 4 of docs/product.md.

The operation handles many interactions with due timers together: it locks them and loads their
facts with a fixed number of queries. A reply removes the timers of its interaction, so no timer
fires after a reply is committed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from handoff_service import log
from handoff_service.operations.messaging_actions.perform_action import perform, prompt_line
from handoff_service.operations.shared import conversation_hints
from handoff_service.operations.shared.job import Job
from handoff_service.operations.shared.messages_to_many import prompt_each
from handoff_service.operations.shared.new_message import NewMessage
from handoff_service.rules.desk.attributes import in_words
from handoff_service.rules.messaging_actions import messaging_actions as rules
from handoff_service.rules.messaging_actions.messaging_actions import (
    ActionPlaceholders,
    MessagingAction,
)
from handoff_service.rules.shared.conditions import Facts
from handoff_service.rules.shared.vocabulary import Action
from handoff_service.store.consent import consents
from handoff_service.store.conversations import interactions, placeholder_values
from handoff_service.store.conversations.interactions import InteractionRow
from handoff_service.store.desk import attributes
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of
from handoff_service.store.engine.transaction import SetBased, Transaction
from handoff_service.store.messaging_actions import messaging_actions, timers
from handoff_service.store.routing.target_times import minutes_left
from handoff_service.store.virtual_agent.spoken_language import spoken_language


@dataclass(frozen=True, slots=True)
class Fire:
    """An interaction with a timer that is due."""

    interaction_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The names that conditions and texts of an action use, and the priority. ``requester`` None: a
    guest."""

    requester: str | None
    agent: str | None
    queue: str | None
    provider_number: str
    priority: int


def _fire(tx: Transaction, commands: Sequence[Fire]) -> list[int]:
    """Fire the due timers. Returns how many were due for each command's interaction."""
    rows = interactions.lock_each(tx.conn, sorted({c.interaction_id for c in commands}))
    found = timers.due_now(tx, rows)
    counts = dict.fromkeys(rows, 0)
    if found:
        timers.take(tx, found)
        stored = messaging_actions.list_(tx.conn, {timer.action_id for timer in found})
        names = _names(tx, rows)
        known = _attributes(tx, stored.values(), rows)
        left = minutes_left(tx.conn, rows, tx.now)
        opted_out = consents.opted_out_of(tx.conn, {timer.interaction_id for timer in found})
        prompts: list[
            tuple[InteractionRow, NewMessage]
        ] = []  # lines that agents see; they are written together before any other action
        ended: set[int] = set()  # interactions with a timer that ended without an action
        for timer in sorted(found, key=lambda one: _place(one, stored)):
            counts[timer.interaction_id] += 1
            interaction, named = rows[timer.interaction_id], names[timer.interaction_id]
            action = stored[timer.action_id].action
            blocked = action.needs_consent and interaction.id in opted_out
            if (
                not interaction.active
                or blocked
                or not action.applies(
                    _facts(
                        interaction,
                        named,
                        left.get(interaction.id, {}),
                        known.get(interaction.id, {}),
                    )
                )
            ):
                ended.add(interaction.id)
                continue
            own = known.get(interaction.id, {})
            who = _who(interaction, named, tx.now - timer.started_at)
            if own:
                who = replace(who, attributes=_in_words(tx, action, interaction, own))
            if action.action in (Action.PROMPT_AGENT, Action.ALERT_SUPERVISORS):
                prompts.append((interaction, prompt_line(action, who)))
            else:
                prompt_each(tx, prompts)
                prompts = []
                rows[interaction.id] = perform(tx, action, interaction, who)
        prompt_each(tx, prompts)
        conversation_hints.notify(tx, ended)
    timers.wait_for_next(tx, {one.id: one.line for one in rows.values()})
    return [counts.get(c.interaction_id, 0) for c in commands]


fire_timers: SetBased[Fire, int] = SetBased(_fire)


def _place(
    timer: timers.Timer, stored: Mapping[int, messaging_actions.StoredAction]
) -> tuple[object, ...]:
    one = stored[timer.action_id]
    return (
        timer.interaction_id,
        *rules.sort_key(timer.due_at, one.action, one.position, one.id),
    )


def _names(tx: Transaction, ids: Collection[int]) -> dict[int, _Names]:
    i, u, a, q, p = t.interactions, t.users, t.agents, t.queues, t.provider_numbers
    found = tx.conn.execute(
        select(
            i.c.id,
            u.c.name.label("requester"),
            a.c.name.label("agent"),
            q.c.name.label("queue"),
            p.c.number,
            i.c.priority,
        )
        .join(p, p.c.id == i.c.provider_number_id)
        .outerjoin(u, u.c.id == i.c.user_id)
        .outerjoin(a, a.c.id == i.c.assigned_to)
        .outerjoin(q, q.c.id == i.c.queue_id)
        .where(one_of(i.c.id, ids))
    )
    return {
        r.id: _Names(
            requester=r.requester,
            agent=r.agent,
            queue=r.queue,
            provider_number=r.number,
            priority=r.priority,
        )
        for r in found
    }


def _attributes(
    tx: Transaction, stored: Iterable[messaging_actions.StoredAction], ids: Collection[int]
) -> Mapping[int, Mapping[str, str]]:
    """Interaction id -> attributes. Empty if no condition or text uses attributes."""
    asks = any(one.action.uses_attributes for one in stored)
    return attributes.facts(tx.conn, ids) if asks else {}


def _in_words(
    tx: Transaction, action: MessagingAction, interaction: InteractionRow, own: Mapping[str, str]
) -> Mapping[str, str]:
    """The attributes for placeholders, in words. A text to the requester has them in the
    requester's language."""
    defined = attributes.by_field(tx.conn)
    if action.action is Action.PROMPT_REQUESTER:
        language = spoken_language(tx.conn, interaction.id)
        return placeholder_values.in_words(defined, own, language)
    return {name: str(in_words(defined.get(name), value)) for name, value in own.items()}


def _facts(
    interaction: InteractionRow,
    named: _Names,
    left: Mapping[str, float],
    known: Mapping[str, str],
) -> Facts:
    return Facts(
        state=interaction.state,
        owner=interaction.owner,
        priority=named.priority,
        queue=named.queue,
        provider_number=named.provider_number,
        assigned=interaction.assigned_to is not None,
        guest=interaction.user_id is None,
        attributes=known,
        **left,
    )


def _who(interaction: InteractionRow, named: _Names, waiting: timedelta) -> ActionPlaceholders:
    return ActionPlaceholders(
        requester=named.requester,
        agent=named.agent if interaction.assigned_to else None,
        number=interactions.number(interaction.id),
        waiting=waiting,
    )


async def when_due(job: Job) -> None:
    count = await job.write(fire_timers, Fire(int(job.key)), near=job.key)
    log.debug("timers_fired", interaction=job.key, count=count)
