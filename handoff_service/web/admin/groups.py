"""The form of a group of agents. Queues offer work to groups. The agents page lists the groups."""

from typing import Any

from handoff_service.operations.desk.groups import (
    ChangeGroup,
    MakeGroup,
    blockers,
    change_group,
    delete_group,
    make_group,
)
from handoff_service.operations.desk_file.desk_file import GroupEntry
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.store.desk import agents
from handoff_service.store.views import Group
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving
from handoff_service.web.admin.record_form import WriteNoun


def _shown(group: Group) -> tuple[str, dict[str, str]]:
    capacity = "" if group.capacity is None else str(group.capacity)
    return group.name, {"name": group.name, "capacity": capacity}


async def _write(saving: Saving[Any]) -> WriteNoun:
    capacity = saving.form.values["capacity"] or None
    values = read_as(GroupEntry, {**saving.form.values, "capacity": capacity}).model_dump()
    if saving.id is None:
        return make_group, MakeGroup(**values)
    return change_group, ChangeGroup(id=saving.id, values=values)


EDITOR = Editor(
    noun=Noun.GROUP,
    valid={"name": "?"},
    list_url="/agents",
    url_prefix="/groups",
    template="group.html",
    back_label=phrase("All agents and groups"),
    new=(phrase("New group"), {"name": "", "capacity": ""}),
    read=agents.group,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_group, number),
    blockers=blockers,
    deleting=lambda one: Deleting(
        title=phrase("Delete {name}?", name=one.name),
        effects=[phrase("Its agents leave the group but keep their accounts.")],
        label=phrase("Delete this group"),
    ),
)
PAGES: dict[str, Any] = EDITOR.pages()
POST_HANDLERS: dict[str, Any] = EDITOR.post_handlers()
