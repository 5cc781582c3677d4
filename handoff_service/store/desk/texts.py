"""System messages to requesters. The queue's own text takes precedence over the desk's text, which
takes precedence over the default."""

from sqlalchemy import Connection, select

from handoff_service.rules.desk import system_message_texts
from handoff_service.rules.desk.system_messages import (
    QUEUES_OWN,
    VERSIONS,
    SystemMessage,
    words_of,
)
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.versions import name_in
from handoff_service.store.desk.desk import desk_name_and_zone
from handoff_service.store.engine import tables as t
from handoff_service.store.views import SavedText


def text_for(
    conn: Connection,
    message: SystemMessage,
    queue_id: int | None = None,
    language: Language = Language.ENGLISH,
) -> str:
    """Return the text with its placeholders, which ``system_message_texts`` fills. A queue's own
    text is only for requesters who text in the queue's language."""
    if queue_id is not None and message in QUEUES_OWN:
        q = t.queues.c
        own = select(q[f"{message}_text"]).where(q.id == queue_id, q.language == language)
        if body := conn.execute(own).scalar():
            return body
    name = name_in(message, language)
    body = conn.execute(select(t.texts.c.body).where(t.texts.c.name == name)).scalar()
    return body or words_of(name).default


# Texts as requesters get them ---------------------------------------------------------------------


def in_line(conn: Connection, queue_id: int, queue: str, language: Language) -> str:
    """Return the queue's first text after a handoff."""
    text = text_for(conn, SystemMessage.IN_LINE, queue_id, language)
    return system_message_texts.in_line(queue, text, language)


def waiting(conn: Connection, queue_id: int, queue: str, language: Language, *, bot: bool) -> str:
    """Return the text that a waiting requester gets once if no agent is free. ``bot``: whether the
    requester can return to the virtual agent."""
    text = text_for(conn, SystemMessage.WAITING, queue_id, language)
    instead = _instead(conn, language, bot=bot)
    return system_message_texts.waiting(queue, text, language, instead=instead)


def out_of_hours(
    conn: Connection, queue_id: int, queue: str, opens: str, language: Language, *, bot: bool
) -> str:
    """Return the text that a waiting requester gets once if the queue is closed. ``opens``: the
    opening time in words. ``bot``: as for ``waiting``."""
    text = text_for(conn, SystemMessage.CLOSED, queue_id, language)
    instead = _instead(conn, language, bot=bot)
    return system_message_texts.out_of_hours(queue, opens, text, language, instead=instead)


def closing_line(conn: Connection, agent_name: str, language: Language) -> str:
    """Return the text that a requester gets when this agent closes the conversation without their
    own closing text."""
    text = text_for(conn, SystemMessage.CLOSING_LINE, language=language)
    return system_message_texts.closing_line(agent_name, text, language)


def account_help(conn: Connection, case: str, language: Language) -> str:
    """Return the text to a verified requester with a locked account. ``case``: the number of the
    requester's case."""
    text = text_for(conn, SystemMessage.ACCOUNT_HELP, language=language)
    return system_message_texts.account_help(case, text, language)


def case_resolved(conn: Connection, case: str, about: str, language: Language) -> str:
    """Return the suggested text to a requester when their case is resolved."""
    text = text_for(conn, SystemMessage.CASE_RESOLVED, language=language)
    return system_message_texts.case_resolved(case, about, text, language)


def outage_over(conn: Connection, outage: str, language: Language) -> str:
    """Return the suggested text to everybody who reported an outage, when it is over."""
    text = text_for(conn, SystemMessage.OUTAGE_OVER, language=language)
    return system_message_texts.outage_over(outage, text, language)


def outage_over_versions(conn: Connection, outage: str) -> dict[str, str]:
    """Return all language versions of this text by name: ``text``, ``text_es`` and so on."""
    return {name_in("text", one): outage_over(conn, outage, one) for one in Language}


def satisfaction(conn: Connection, language: Language) -> str:
    """Return the satisfaction question, which is sent some time after a conversation closes."""
    return _from_desk(conn, SystemMessage.SATISFACTION, language)


def low_grade(conn: Connection, language: Language) -> str:
    """Return the text that asks what went wrong, after a low grade."""
    return _from_desk(conn, SystemMessage.LOW_GRADE, language)


def back_with_bot(conn: Connection, language: Language) -> str:
    """Return the text to a requester who returns to the virtual agent instead of waiting."""
    return _from_desk(conn, SystemMessage.BACK_WITH_BOT, language)


def goodbye(conn: Connection, language: Language) -> str:
    """Return the text to a requester who says goodbye to the virtual agent."""
    return _from_desk(conn, SystemMessage.GOODBYE, language)


def help_text(conn: Connection, language: Language) -> str:
    """Return the text to a requester who texts HELP."""
    return _from_desk(conn, SystemMessage.HELP, language)


def restarted(conn: Connection, language: Language) -> str:
    """Return the text to a requester who starts over, if the virtual agent itself does not
    reply."""
    return _from_desk(conn, SystemMessage.RESTARTED, language)


def opted_out(conn: Connection, language: Language) -> str:
    """Return the confirmation of an opt-out."""
    return _from_desk(conn, SystemMessage.OPTED_OUT, language)


def opted_in(conn: Connection, language: Language) -> str:
    """Return the confirmation of an opt-in."""
    return _from_desk(conn, SystemMessage.OPTED_IN, language)


def ask_opt_out(conn: Connection, language: Language) -> str:
    """Return the question whether a requester wants to opt out."""
    return _from_desk(conn, SystemMessage.ASK_OPT_OUT, language)


def wrong_number(conn: Connection, language: Language) -> str:
    """Return the text to somebody who texts the virtual agent that the number is wrong, or who asks
    who this is."""
    return _from_desk(conn, SystemMessage.WRONG_NUMBER, language)


def _from_desk(conn: Connection, message: SystemMessage, language: Language) -> str:
    name, text = desk_name_and_zone(conn)[0], text_for(conn, message, language=language)
    return system_message_texts.from_desk(message, name, text, language)


def _instead(conn: Connection, language: Language, *, bot: bool) -> str | None:
    return text_for(conn, SystemMessage.BOT_INSTEAD, language=language) if bot else None


# Texts as admins see them -------------------------------------------------------------------------


def edited(conn: Connection) -> dict[str, str]:
    """Return the texts that an admin has changed, by the name of the language version."""
    rows = conn.execute(select(t.texts).order_by(t.texts.c.name))
    return {r.name: r.body for r in rows if r.name in VERSIONS}


def saved(conn: Connection) -> list[SavedText]:
    """Return the current text of every system message in every language."""
    changed = edited(conn)
    return [
        SavedText(
            name=name,
            language=language,
            when=words.when,
            body=changed.get(name, words.default),
            default=words.default,
            edited=name in changed,
            placeholders=list(words.placeholders),
        )
        for name, (_, language) in VERSIONS.items()
        for words in (words_of(name),)
    ]
