"""System messages to requesters: the queue's own text, else the desk's, else the default."""

from sqlalchemy import Connection, select

from handoff_service.rules.desk import system_messages
from handoff_service.rules.desk.system_messages import QUEUES_OWN, TEXTS, SystemMessage
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.views import SavedText


def text_for(conn: Connection, message: SystemMessage, queue_id: int | None = None) -> str:
    """The text to send, with placeholders that ``system_messages`` fills."""
    if queue_id is not None and message in QUEUES_OWN:
        own = t.queues.c[f"{message}_text"]
        if body := conn.execute(select(own).where(t.queues.c.id == queue_id)).scalar():
            return body
    body = conn.execute(select(t.texts.c.body).where(t.texts.c.name == message)).scalar()
    return body or TEXTS[message].default


# As they are sent ---------------------------------------------------------------------------------


def in_line(conn: Connection, queue_id: int, queue: str) -> str:
    """The queue's first text on handoff."""
    return system_messages.in_line(queue, text_for(conn, SystemMessage.IN_LINE, queue_id))


def waiting(conn: Connection, queue_id: int, queue: str, *, bot: bool) -> str:
    """Sent once when no agent is free. ``bot``: there is a virtual agent to return to."""
    text = text_for(conn, SystemMessage.WAITING, queue_id)
    return system_messages.waiting(queue, text, instead=_instead(conn, bot=bot))


def out_of_hours(conn: Connection, queue_id: int, queue: str, opens: str, *, bot: bool) -> str:
    """Sent once when the queue is closed. ``opens``: in words; ``bot`` as for ``waiting``."""
    text = text_for(conn, SystemMessage.CLOSED, queue_id)
    return system_messages.out_of_hours(queue, opens, text, instead=_instead(conn, bot=bot))


def back_with_bot(conn: Connection) -> str:
    """Sent to a requester who chose not to wait."""
    return system_messages.back_with_bot(text_for(conn, SystemMessage.BACK_WITH_BOT))


def closing_line(conn: Connection, agent_name: str) -> str:
    """Sent when this agent closes a conversation without a closing text of their own."""
    return system_messages.closing_line(agent_name, text_for(conn, SystemMessage.CLOSING_LINE))


def account_help(conn: Connection, case: str) -> str:
    """Sent to a verified requester with a locked account. ``case``: the number of the case about
    it."""
    return system_messages.account_help(case, text_for(conn, SystemMessage.ACCOUNT_HELP))


def goodbye(conn: Connection) -> str:
    """Sent to a requester who says goodbye to the virtual agent."""
    return system_messages.goodbye(text_for(conn, SystemMessage.GOODBYE))


def help_text(conn: Connection) -> str:
    """Sent to a requester who texts HELP."""
    return system_messages.help_text(
        desk_name_and_zone(conn)[0], text_for(conn, SystemMessage.HELP)
    )


def restarted(conn: Connection) -> str:
    """Sent to a requester who starts over."""
    return system_messages.restarted(text_for(conn, SystemMessage.RESTARTED))


def opted_out(conn: Connection) -> str:
    """Confirms an opt-out, once."""
    desk_name = desk_name_and_zone(conn)[0]
    return system_messages.opted_out(desk_name, text_for(conn, SystemMessage.OPTED_OUT))


def opted_in(conn: Connection) -> str:
    """Confirms an opt-in."""
    return system_messages.opted_in(
        desk_name_and_zone(conn)[0], text_for(conn, SystemMessage.OPTED_IN)
    )


def ask_opt_out(conn: Connection) -> str:
    """Asks a requester, once, who may want no more texts."""
    return system_messages.ask_opt_out(
        desk_name_and_zone(conn)[0], text_for(conn, SystemMessage.ASK_OPT_OUT)
    )


def wrong_number(conn: Connection) -> str:
    """Sent to somebody who does not know this number."""
    return system_messages.wrong_number(
        desk_name_and_zone(conn)[0], text_for(conn, SystemMessage.WRONG_NUMBER)
    )


def _instead(conn: Connection, *, bot: bool) -> str | None:
    return text_for(conn, SystemMessage.BOT_INSTEAD) if bot else None


# As an admin sees them ----------------------------------------------------------------------------


def edited(conn: Connection) -> dict[SystemMessage, str]:
    """The texts that an admin has changed."""
    rows = conn.execute(select(t.texts).order_by(t.texts.c.name))
    return {SystemMessage(r.name): r.body for r in rows if r.name in set(SystemMessage)}


def saved(conn: Connection) -> list[SavedText]:
    """Every system message as it is now."""
    changed = edited(conn)
    return [
        SavedText(
            name=name,
            when=words.when,
            body=changed.get(name, words.default),
            default=words.default,
            edited=name in changed,
            placeholders=list(words.placeholders),
        )
        for name, words in TEXTS.items()
    ]
