"""Tests whether a column has one of several values, with one parameter for the whole list.

SQLAlchemy's IN has one parameter per value, so every length of the list is a different statement,
which PostgreSQL plans separately. Without statistics, it then reads the whole table. With one array
there is only one statement.
"""

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class ListParameter(TypeDecorator[list[Any]]):
    """A list parameter: an array on PostgreSQL, JSON on SQLite."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        self.item = item
        super().__init__()

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(ARRAY(self.item))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Iterable[Any] | None, dialect: sa.Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class _OneOf(FunctionElement[bool]):
    inherit_cache = True
    type = sa.Boolean()
    # without this, SQLAlchemy appends "= 1" on SQLite, which disables the index
    _is_implicitly_boolean = True


@compiles(_OneOf, "postgresql")
def _array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({values})"


@compiles(_OneOf, "sqlite")
def _json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # names and a parameter


def one_of(column: sa.ColumnElement[Any], values: str | Iterable[Any]) -> sa.ColumnElement[bool]:
    """Build a condition: whether the column has one of these values. A string is the name of a
    parameter that gets the values when the statement runs.
    """
    kind = ListParameter(column.type)
    if isinstance(values, str):
        return _OneOf(column, bindparam(values, type_=kind))
    return _OneOf(column, bindparam(None, list(values), type_=kind))
