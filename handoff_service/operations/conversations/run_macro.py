"""A live agent runs a macro on a conversation. One transaction carries out all steps or none."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select

from handoff_service.errors import BadInput, Conflict, NotAllowed, NotFound
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
from handoff_service.operations.conversations.send_sms import Write, send_sms, take_over, write_note
from handoff_service.operations.routing.assign import AssignTo, assign_by_hand
from handoff_service.operations.routing.transfer import Transfer, transfer
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.participation import lock_for
from handoff_service.rules.delivery.sms_text import split
from handoff_service.rules.desk.labels import topics
from handoff_service.rules.desk.macros import MacroFields, MacroStep, steps
from handoff_service.rules.desk.templates import filled
from handoff_service.rules.shared.field_errors import field_sentences
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.placeholders import unset_in
from handoff_service.rules.shared.vocabulary import CLOSED, Event, Owner, State
from handoff_service.store.conversations import interactions, placeholder_values
from handoff_service.store.conversations.interactions import Hold
from handoff_service.store.desk import desk, labels, macros, templates
from handoff_service.store.desk.agents import agent_name
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMacro:
    macro_id: int
    interaction_id: int
    agent_id: int
    #: whether this agent may assign conversations; other agents have to transfer them
    assigns: bool
    #: the delay of the text, in which the agent can still undo the macro
    undo_within: timedelta = timedelta(0)


#: After an agent has run a macro with a text or a note in a conversation, other agents cannot run
#: it there for this time.
RUN_ONCE_WITHIN = timedelta(seconds=30)
NO_HOLD = Hold(reason=None, until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroRun:
    """The changes that a macro has made, so that they can be undone."""

    name: str
    message_id: int | None = None  #: the text, if it is delayed and can still be undone
    label_id: int | None = None  #: the label that the macro added
    asked: bool = False  #: whether the macro offered the conversation to an agent
    #: the former agent, if the macro assigned the conversation to another agent
    assigned_from: int | None = None
    state: State = State.NEW  #: the state after the macro
    was: State = State.NEW  #: the state before the macro
    hold: Hold = NO_HOLD  #: the hold before the macro
    state_kept: bool = True  #: whether the macro changed neither the state nor the hold


def run_macro(tx: Transaction, command: RunMacro) -> MacroRun:
    """Run the macro. Raises NotFound for an unknown macro or conversation. Raises Conflict when the
    macro writes a text or a note and a colleague has just run it in this conversation. If a step is
    refused, the error names the step."""
    macro = macros.fields(tx.conn, command.macro_id)
    interaction = lock_for(tx, command.interaction_id, command.agent_id)
    did = f"ran the macro “{macro.name}”"
    if macro.template_id is not None or macro.note is not None:
        _not_just_run(tx, command, did)
    messages.append_line(
        tx,
        interaction,
        f"{agent_name(tx.conn, command.agent_id)} {did}",
        event=Event.MACRO,
        agent_id=command.agent_id,
    )
    hold = interactions.hold(tx.conn, interaction.id)
    run = MacroRun(name=macro.name, was=interaction.state, hold=hold)
    for step in steps(macro):
        with _named(step):
            run = RUNS[step](tx, macro, command, run)
    state = interactions.lock(tx.conn, interaction.id).state
    kept = state is run.was and interactions.hold(tx.conn, interaction.id) == hold
    return replace(run, state=state, state_kept=kept)


def _not_just_run(tx: Transaction, command: RunMacro, did: str) -> None:
    """Raise Conflict when a colleague has just run the macro. Two agents may run a macro on the
    same selection of conversations, and the second run must not repeat the text or note.
    """
    m = t.messages
    lately = (
        select(m.c.body)
        .where(m.c.interaction_id == command.interaction_id, m.c.event == Event.MACRO)
        .where(m.c.agent_id != command.agent_id, m.c.created_at > tx.now - RUN_ONCE_WITHIN)
    )
    for sentence in tx.conn.execute(lately).scalars():
        if sentence.endswith(f" {did}"):
            raise Conflict(
                phrase(
                    "{act} less than {seconds} seconds ago. Look at the conversation first.",
                    act=sentence,
                    seconds=RUN_ONCE_WITHIN.seconds,
                )
            )


@contextmanager
def _named(step: MacroStep) -> Iterator[None]:
    """Add the step's name to its error."""
    try:
        yield
    except (BadInput, Conflict, NotAllowed, NotFound) as refusal:
        why = field_sentences(refusal.errors) or refusal.detail
        sentence = phrase(
            "The macro did nothing. Its step “{step}” was refused. {why}", step=step, why=why
        )
        raise type(refusal)(sentence) from refusal


def _send_text(tx: Transaction, macro: MacroFields, command: RunMacro, run: MacroRun) -> MacroRun:
    body = _filled(tx, templates.get(tx.conn, macro.template_id or 0).body, command)
    message_id = send_sms(
        tx,
        Write(
            interaction_id=command.interaction_id,
            agent_id=command.agent_id,
            body=body,
            undo_within=command.undo_within,
        ),
    )
    waits = command.undo_within and len(split(body)) == 1
    return replace(run, message_id=message_id if waits else None)


def _add_label(tx: Transaction, macro: MacroFields, command: RunMacro, run: MacroRun) -> MacroRun:
    label_id = macro.label_id or 0
    added = label_conversation(
        tx,
        LabelConversation(
            interaction_id=command.interaction_id, agent_id=command.agent_id, label_id=label_id
        ),
    )
    return replace(run, label_id=label_id if added else None)


def _add_note(tx: Transaction, macro: MacroFields, command: RunMacro, run: MacroRun) -> MacroRun:
    body = _filled(tx, macro.note or "", command)
    write_note(
        tx, Write(interaction_id=command.interaction_id, agent_id=command.agent_id, body=body)
    )
    return run


def _assign(tx: Transaction, macro: MacroFields, command: RunMacro, run: MacroRun) -> MacroRun:
    """Assign the conversation if this agent may assign, and transfer it if not. Does nothing if the
    chosen agent already has it."""
    one, by = command.interaction_id, command.agent_id
    if macro.to_queue_id is not None:
        transfer(tx, Transfer(interaction_id=one, agent_id=by, to_queue=macro.to_queue_id))
        return run
    to = by if macro.to_me else macro.to_agent_id or 0
    now = interactions.lock(tx.conn, one)
    owner = now.assigned_to if now.owner is Owner.AGENT else None
    if owner == to:
        return run
    if command.assigns:
        assign_by_hand(tx, AssignTo(interaction_id=one, agent_id=to, by=by))
        return replace(run, assigned_from=owner)
    if to != by:
        transfer(tx, Transfer(interaction_id=one, agent_id=by, to_agent=to))
        return replace(run, asked=True)
    if owner is not None:
        raise Conflict(
            phrase("A colleague has this conversation. Only supervisors can take it over.")
        )
    take_over(tx, now, by)
    return run


def _change_state(
    tx: Transaction, macro: MacroFields, command: RunMacro, run: MacroRun
) -> MacroRun:
    one, by = command.interaction_id, command.agent_id
    if macro.state in CLOSED:
        topic = _topic(tx, macro.label_id)
        close_interaction(
            tx,
            CloseInteraction(
                interaction_id=one,
                agent_id=by,
                state=macro.state,
                closing_text="",  # no closing text, because the macro can send its own text
                topic_id=topic,
            ),
        )
        return run
    until = tx.now + macro.hold_for if macro.hold_for else None
    change = ChangeInteraction(interaction_id=one, agent_id=by, state=macro.state, hold_until=until)
    change_interaction(tx, change)
    return run


RUNS = {
    MacroStep.TEXT: _send_text,
    MacroStep.LABEL: _add_label,
    MacroStep.NOTE: _add_note,
    MacroStep.ASSIGN: _assign,
    MacroStep.STATE: _change_state,
}


def _topic(tx: Transaction, label_id: int | None) -> int | None:
    """The macro's label, if it can be a topic. Raises Conflict when the desk requires a topic and
    the macro has no label that can be one."""
    every = labels.list_(tx.conn)
    if label_id in {one.id for one in topics(every)}:
        return label_id
    if every and desk.ask_topic(tx.conn):
        raise Conflict(
            phrase(
                "This desk asks for a topic on closing, and the macro has no label that can be one."
            )
        )
    return None


def _filled(tx: Transaction, body: str, command: RunMacro) -> str:
    """The template or note, filled with the names and attributes of this conversation. Raises
    BadInput for an attribute that is not set."""
    one = command.interaction_id
    agent = agent_name(tx.conn, command.agent_id)
    who = placeholder_values.of_interactions(tx.conn, [one], agent, [body])[one]
    if unset := unset_in(body, who):
        raise BadInput(placeholder_values.not_set(tx.conn, unset))
    return filled(body, who)
