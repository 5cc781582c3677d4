"""Macros, with the names of the records that they use."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.desk.blockers import Blocker
from handoff_service.rules.desk.macros import AfterMacro, MacroFields
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared import durations
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import State
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Macro, Named, Template

m = t.macros
_QUERY = (
    select(
        m,
        t.templates.c.name.label("template"),
        t.templates.c.body,
        t.labels.c.name.label("label"),
        t.agents.c.name.label("agent"),
        t.queues.c.name.label("queue"),
    )
    .outerjoin(t.templates, t.templates.c.id == m.c.template_id)
    .outerjoin(t.labels, t.labels.c.id == m.c.label_id)
    .outerjoin(t.agents, t.agents.c.id == m.c.agent_id)
    .outerjoin(t.queues, t.queues.c.id == m.c.queue_id)
)
_BY_NAME = (func.lower(m.c.name), m.c.id)


def list_(conn: Connection, words: str = "") -> list[Macro]:
    """Return macros, sorted by name. ``words``: only macros with this text in their name or in the
    text of their template. Names that start with it come first."""
    words = words.strip()
    query = _QUERY.order_by(*_BY_NAME)
    if words:
        matches = m.c.name.icontains(words, autoescape=True) | t.templates.c.body.icontains(
            words, autoescape=True
        )
        begins = m.c.name.istartswith(words, autoescape=True)
        query = _QUERY.where(matches).order_by(begins.desc(), *_BY_NAME)
    return [_macro(r) for r in conn.execute(query)]


def get(conn: Connection, macro_id: int) -> Macro:
    """Return this macro. Raises NotFound for an unknown id."""
    row = conn.execute(_QUERY.where(m.c.id == macro_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no macro {id}.", id=macro_id))
    return _macro(row)


def fields(conn: Connection, macro_id: int) -> MacroFields:
    """Return this macro as the type that the rules use. Raises NotFound for an unknown id."""
    row = conn.execute(select(m).where(m.c.id == macro_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no macro {id}.", id=macro_id))
    return MacroFields(
        name=row.name,
        template_id=row.template_id,
        label_id=row.label_id,
        note=row.note,
        state=_state(row),
        hold_for=_hold_for(row),
        to_me=row.to_me,
        to_agent_id=row.agent_id,
        to_queue_id=row.queue_id,
        then=AfterMacro(row.then),
    )


def blockers(conn: Connection, used: sa.Column[int], record: int) -> list[Blocker]:
    """Return the macros that block the deletion of a record, because they use it. ``used``: the
    column of ``macros`` that refers to records of this kind."""
    query = select(m.c.id, m.c.name).where(used == record).order_by(*_BY_NAME)
    return [
        Blocker(
            sentence=phrase("The macro “{name}” uses it. Change that macro first.", name=r.name),
            noun=Noun.MACRO,
            id=r.id,
            name=r.name,
        )
        for r in conn.execute(query)
    ]


def _macro(r: Any) -> Macro:
    template = r.template_id and Template(id=r.template_id, name=r.template, body=r.body)
    held = _hold_for(r)
    return Macro(
        id=r.id,
        name=r.name,
        template=template or None,
        label=_named(r.label_id, r.label),
        note=r.note,
        to_me=r.to_me,
        to_agent=_named(r.agent_id, r.agent),
        to_queue=_named(r.queue_id, r.queue),
        state=_state(r),
        hold_for=durations.write(held) if held else None,
        then=AfterMacro(r.then),
    )


def _named(record: int | None, name: str) -> Named | None:
    return None if record is None else Named(id=record, name=name)


def _state(r: Any) -> State | None:
    return State(r.state) if r.state else None


def _hold_for(r: Any) -> timedelta | None:
    return timedelta(seconds=r.hold_seconds) if r.hold_seconds else None
