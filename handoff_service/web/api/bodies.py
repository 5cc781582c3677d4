"""Base classes of API requests and answers: bodies, partial updates, queries and pages of lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from handoff_service.errors import BadInput
from handoff_service.rules.shared.versions import translation_names


class Body(BaseModel):
    """A request's JSON body or query. Unknown names are rejected, which reveals typing errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Body):
    """A partial update. Omitted fields keep their values. Only the fields in ``may_be_null`` accept
    null."""

    may_be_null: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """Return the fields that the request names. Raises BadInput for a null in a field that
        cannot be null."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        empty = [
            name for name, value in values.items() if value is None and name not in self.may_be_null
        ]
        if empty:
            raise BadInput(errors=dict.fromkeys(empty, "must not be null"))
        return values

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        made = handler.resolve_ref_schema(handler(core))
        kept = {name: made["properties"][name] for name in cls.may_be_null}
        made["properties"] = {
            name: never_null(one) for name, one in made["properties"].items()
        } | kept
        return made


def never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a field that can be omitted but not null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {
        key: value
        for key, value in schema.items()
        if key != "anyOf" and (key, value) != ("default", None)
    }
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) if kinds else rest


def in_other_languages[B: Body](name: str, kind: Any) -> Callable[[type[B]], type[B]]:
    """Add the translations of the field ``name`` to a model, such as ``text_es`` beside ``text``.
    Each translation can be omitted or null."""

    def add(model: type[B]) -> type[B]:
        field: Any = (kind | None, None)
        fields = dict.fromkeys(translation_names(name).values(), field)
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **fields,
        )

    return add


class Nothing(Body):
    """No parameters."""


class Paging(Body):
    """``cursor`` is the ``next`` value of the previous page."""

    cursor: (
        Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,18}$"})] | None
    ) = None
    limit: int = Field(50, ge=1, le=200)

    @property
    def after(self) -> int:
        """The last id of the previous page, or 0 for the first page. Raises BadInput for an invalid
        cursor."""
        cursor = "0" if self.cursor is None else self.cursor
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
            raise BadInput(errors={"cursor": "must be the next cursor of an earlier page"})
        return int(cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """One page of a list. ``next`` is null on the last page."""

    items: list[T]
    next: str | None


def page[T](found: list[T], limit: int, key: Callable[[T], int]) -> Page[T]:
    """Return a page of a query result. The query must fetch one row more than ``limit``, to show
    whether there is another page."""
    items = found[:limit]
    return Page(items=items, next=str(key(items[-1])) if len(found) > limit else None)


def page_of[T](found: list[T], paging: Paging, key: Callable[[T], int]) -> Page[T]:
    """Return a page of ``found``, which is the complete list in its own order."""
    ids = [key(one) for one in found]
    begins = ids.index(paging.after) + 1 if paging.after in ids else 0
    return page(found[begins : begins + paging.limit + 1], paging.limit, key)
