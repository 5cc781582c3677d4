"""Actions on several conversations of the list at once.

Each conversation is changed in its own transaction, by the same operation that changes a single
conversation. If one change is refused, the others still happen. Each action also returns its
inverse, if it can be undone (``bulk_undo.py``).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from handoff_service.errors import Refusal
from handoff_service.operations.conversations.change_attributes import (
    ChangeAttributes,
    change_attributes,
)
from handoff_service.operations.conversations.change_interaction import (
    ChangeInteraction,
    CloseInteraction,
    change_interaction,
    close_interaction,
)
from handoff_service.operations.conversations.label_conversation import (
    LabelConversation,
    label_conversation,
)
from handoff_service.operations.conversations.run_macro import MacroRun, RunMacro, run_macro
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.rules.shared.field_errors import field_sentences
from handoff_service.rules.shared.vocabulary import Owner, State
from handoff_service.store.conversations import conversations, interactions
from handoff_service.store.engine.store import Store
from handoff_service.web.shared.bulk_undo import (
    UNDO_WITHIN,
    BulkResult,
    Inverse,
    inverse_command,
    of_macro,
)
from handoff_service.web.shared.session import supervises

#: Changes one conversation. Returns the inverse operation, or None if it changed nothing or cannot
#: be undone.
type ActOnOne = Callable[[int], Awaitable[Inverse | None]]


async def on_each(ids: Iterable[int], act_on_one: ActOnOne) -> BulkResult:
    """Run the action once on each conversation, even if an id occurs twice."""
    outcome = BulkResult()
    for interaction_id in dict.fromkeys(ids):
        try:
            inverse = await act_on_one(interaction_id)
        except Refusal as refusal:
            outcome.refused.append(_why(interaction_id, refusal))
            continue
        outcome.done += 1
        if inverse is not None:
            outcome.undo.append(inverse)
    return outcome


async def undo_each(store: Store, agent: CurrentAgent, inverses: Sequence[Inverse]) -> BulkResult:
    """Run the inverse operations, and collect the refused ones."""
    outcome = BulkResult()
    for inverse in inverses:
        interaction_id = inverse[1]
        try:
            operation, command = inverse_command(inverse, agent)
            await store.write(operation, command, near=interaction_id)
            outcome.done += 1
        except Refusal as refusal:
            outcome.refused.append(_why(interaction_id, refusal))
    return outcome


def _why(interaction_id: int, refusal: Refusal) -> str:
    why = field_sentences(refusal.errors) or refusal.detail
    return f"{interactions.number(interaction_id)}: {why}"


def label_each(store: Store, agent: CurrentAgent, label_id: int) -> ActOnOne:
    async def one(interaction_id: int) -> Inverse | None:
        command = LabelConversation(
            interaction_id=interaction_id, agent_id=agent.id, label_id=label_id
        )
        changed = await store.write(label_conversation, command, near=interaction_id)
        return ("unlabel", interaction_id, label_id) if changed else None

    return one


def attributes_each(
    store: Store, agent: CurrentAgent, values: Mapping[str, str | None]
) -> ActOnOne:
    async def one(interaction_id: int) -> Inverse | None:
        before = (await store.read(conversations.get, interaction_id)).attributes
        command = ChangeAttributes(interaction_id=interaction_id, agent_id=agent.id, values=values)
        await store.write(change_attributes, command, near=interaction_id)
        changed = {key: before.get(key) for key in values if before.get(key) != values[key]}
        return ("attributes", interaction_id, changed) if changed else None

    return one


def hold_each(
    store: Store, agent: CurrentAgent, until: datetime | None, reason: str | None
) -> ActOnOne:
    async def one(interaction_id: int) -> Inverse:
        before = await store.read(conversations.get, interaction_id)
        command = ChangeInteraction(
            interaction_id=interaction_id,
            agent_id=agent.id,
            state=State.ON_HOLD,
            state_reason=reason,
            hold_until=until,
        )
        await store.write(change_interaction, command, near=interaction_id)
        if before.state is not State.ON_HOLD:
            return ("resume", interaction_id)
        return ("hold", interaction_id, before.hold_until, before.state_reason)

    return one


def close_each(
    store: Store, agent: CurrentAgent, topic_id: int | None, closing_text: str | None
) -> ActOnOne:
    """Close the conversations. ``closing_text`` None sends the desk's own text, and an empty one
    sends no text."""

    async def one(interaction_id: int) -> Inverse:
        command = CloseInteraction(
            interaction_id=interaction_id,
            agent_id=agent.id,
            closing_text=closing_text,
            topic_id=topic_id,
            undo_within=UNDO_WITHIN,
        )
        await store.write(close_interaction, command, near=interaction_id)
        return ("reopen", interaction_id)

    return one


def assign_each(store: Store, agent: CurrentAgent, to: int) -> ActOnOne:
    """Assign the conversations, if the agent is a supervisor. Other agents transfer them, which
    lets the colleague reject each one."""

    async def assign(interaction_id: int) -> Inverse | None:
        before = (await store.read(conversations.get, interaction_id)).owner
        command = AssignTo(interaction_id=interaction_id, agent_id=to, by=agent.id)
        await store.write(assign_by_hand, command, near=interaction_id)
        return (
            ("assign", interaction_id, before.id)
            if before.kind is Owner.AGENT and before.id
            else None
        )

    async def ask(interaction_id: int) -> Inverse:
        command = Transfer(interaction_id=interaction_id, agent_id=agent.id, to_agent=to)
        await store.write(transfer, command, near=interaction_id)
        return ("cancel_transfer", interaction_id)

    return assign if supervises(agent) else ask


def macro_each(store: Store, agent: CurrentAgent, macro_id: int) -> ActOnOne:
    async def one(interaction_id: int) -> Inverse | None:
        return of_macro(interaction_id, await run_one(store, agent, macro_id, interaction_id))

    return one


async def run_one(
    store: Store, agent: CurrentAgent, macro_id: int, interaction_id: int
) -> MacroRun:
    """Run a macro on a conversation. The service sends the macro's text after ``UNDO_WITHIN``.
    Until then, the agent can undo the macro."""
    command = RunMacro(
        macro_id=macro_id,
        interaction_id=interaction_id,
        agent_id=agent.id,
        assigns=supervises(agent),
        undo_within=UNDO_WITHIN,
    )
    return await store.write(run_macro, command, near=interaction_id)
