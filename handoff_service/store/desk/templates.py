"""Templates: canned responses for the composer."""

from sqlalchemy import Connection, func, select

from handoff_service.errors import NotFound
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.engine import tables as t
from handoff_service.store.views import Template

_BY_NAME = select(t.templates).order_by(func.lower(t.templates.c.name), t.templates.c.id)


def list_(conn: Connection, words: str = "", *, limit: int | None = None) -> list[Template]:
    """Return templates, sorted by name. ``words``: only templates with this text in the name or the
    body. Names that start with it come first."""
    c, words = t.templates.c, words.strip()
    query = _BY_NAME
    if words:
        begins = c.name.istartswith(words, autoescape=True)
        query = select(t.templates).where(
            c.name.icontains(words, autoescape=True) | c.body.icontains(words, autoescape=True)
        )
        query = query.order_by(begins.desc(), func.lower(c.name), c.id)
    return [Template(**r._mapping) for r in conn.execute(query.limit(limit))]


def get(conn: Connection, template_id: int) -> Template:
    """Return this template. Raises NotFound for an unknown id."""
    row = conn.execute(select(t.templates).where(t.templates.c.id == template_id)).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no template {id}.", id=template_id))
    return Template(**row._mapping)
