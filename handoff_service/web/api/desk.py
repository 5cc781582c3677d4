"""API calls for the desk's settings. They have the same fields as a desk file."""

from typing import Any

from pydantic import ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from sqlalchemy import Connection

from handoff_service.operations.desk.desk_fields import DeskEntry, Text
from handoff_service.operations.desk.desk_settings import change_desk
from handoff_service.rules.virtual_agent.commands import with_shipped
from handoff_service.store.desk import desk
from handoff_service.web.api.bodies import Body
from handoff_service.web.api.calls import ADMIN, ApiRequest, get, patch


class DeskSettings(DeskEntry):
    """The desk's settings, as in a desk file. ``commands`` lists all words of each command."""


class DeskBody(DeskEntry, Body):
    """Changes the desk's settings. Omitted fields keep their values. A list or ``commands``
    replaces the whole stored value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = ""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema without defaults, because an omitted field keeps its value."""
        made = handler.resolve_ref_schema(handler(core))
        for one in made["properties"].values():
            one.pop("default", None)
        return made


@get("/desk", summary="The desk's settings", roles=ADMIN)
async def settings_of_desk(asked: ApiRequest[Any, Any]) -> DeskSettings:
    return await asked.desk.store.read(_settings)


@patch("/desk", summary="Change the desk's settings", roles=ADMIN)
async def change(asked: ApiRequest[DeskBody, Any]) -> DeskSettings:
    await asked.desk.store.write(change_desk, asked.body.model_dump(exclude_unset=True))
    return await settings_of_desk(asked)


def _settings(conn: Connection) -> DeskSettings:
    stored = desk.desk(conn)
    values = DeskEntry(name="Patchboard").model_dump() if stored is None else dict(stored)
    return DeskSettings.model_construct(**values | {"commands": with_shipped(values["commands"])})
