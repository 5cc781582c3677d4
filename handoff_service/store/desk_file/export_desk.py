"""Writes the desk file for ``patchboard export``. The file contains no secrets."""

from typing import Any

import sqlalchemy as sa
import tomli_w
from sqlalchemy import Connection

from handoff_service.store.cases import outages
from handoff_service.store.consent import consents
from handoff_service.store.conversations import list_views
from handoff_service.store.desk import (
    agents,
    attributes,
    desk,
    identity_providers,
    labels,
    macros,
    templates,
    texts,
)
from handoff_service.store.desk.agents import agents_by_id
from handoff_service.store.desk.provider_numbers import list_provider_numbers
from handoff_service.store.desk.users import select_users
from handoff_service.store.desk_file import entries
from handoff_service.store.engine import tables as t
from handoff_service.store.messaging_actions import messaging_actions
from handoff_service.store.routing import queues
from handoff_service.store.webhooks import webhooks


def export_desk(conn: Connection) -> str:
    """Return the desk as TOML, which ``patchboard import`` reads. Before an import into an empty
    database, an admin must add a password to each agent whose roles sign in with one."""
    return tomli_w.dumps({name: part for name, part in desk_content(conn).items() if part})


def desk_content(conn: Connection, users: sa.ColumnElement[bool] | None = None) -> dict[str, Any]:
    """Return the sections of a desk file, without secrets and passwords. ``users``: a condition
    that selects the users to include; None: all users.
    """
    emails = agents.emails(conn)
    named = {one.id: one.name for one in labels.list_(conn)}
    included: sa.ColumnElement[bool] = t.users.c.merged_into.is_(None)
    if users is not None:
        included &= users
    return {
        "desk": entries.row(**(desk.desk(conn) or {})),
        "texts": texts.edited(conn),
        "presence_states": [entries.presence_state(p) for p in desk.presence_states(conn)],
        "reject_reasons": [entries.reject_reason(r) for r in desk.reject_reasons(conn)],
        "templates": [entries.template(m) for m in templates.list_(conn)],
        "identity_providers": [
            entries.identity_provider(one) for one in identity_providers.list_(conn)
        ],
        "labels": [entries.label(one) for one in labels.list_(conn)],
        "attributes": [entries.attribute(one) for one in attributes.list_(conn)],
        "users": [entries.user(u) for u in select_users(conn, included)],
        "groups": [entries.group(g) for g in agents.groups(conn)],
        "agents": [entries.agent(a) for a in agents_by_id(conn).values()],
        "queues": [entries.queue(queue) for queue in queues.list_(conn).values()],
        "provider_numbers": [entries.company_number(p) for p in list_provider_numbers(conn)],
        "macros": [entries.macro(one, emails) for one in macros.list_(conn)],
        "list_views": [entries.list_view(v, named, emails) for v in list_views.shared(conn)],
        "messaging_actions": [
            entries.messaging_action(messaging_actions.view_of(stored))
            for stored in messaging_actions.list_(conn).values()
        ],
        "outages": [entries.outage(o) for o in outages.list_(conn)],
        "webhooks": [entries.webhook(one) for one in webhooks.list_(conn)],
        "opt_outs": [
            entries.row(number=c.number, provider_number=c.provider_number, note=c.note)
            for c in consents.in_force(conn)
        ],
    }
