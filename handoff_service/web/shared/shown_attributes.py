"""Attributes of a conversation and its user, as agents see them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from handoff_service.rules.desk.attributes import (
    AttributeFields,
    AttributeOwner,
    AttributePlace,
    in_words,
)
from handoff_service.store.desk import attributes
from handoff_service.store.views import Interaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAttribute:
    """An attribute on a page. ``value``: the formatted value; None if the attribute is not set."""

    name: str
    value: str | None
    required: bool = False
    in_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAttributes:
    """The attributes in the panel beside a conversation."""

    user: list[ShownAttribute]  #: only those that have a value
    conversation: list[ShownAttribute]
    can_set: bool  #: whether the desk has attributes of conversations that agents see and can set

    @property
    def header(self) -> list[ShownAttribute]:
        """The attributes in the row under the conversation's header."""
        every = [*self.user, *self.conversation]
        return [one for one in every if one.in_header and one.value is not None]


def shown_attributes(conn: Connection, interaction: Interaction) -> ShownAttributes:
    """Read the attributes for the panel beside a conversation, sorted by name. The conversation's
    values of deleted attributes come last, with the key as their name. The user's are left out."""
    defined = attributes.by_field(conn).values()
    of_user = [one for one in defined if one.owner is AttributeOwner.USER]
    own = [one for one in defined if one.owner is AttributeOwner.CONVERSATION]
    user = interaction.user
    theirs = attributes.of_user(conn, user.id) if user is not None and of_user else {}
    keys = {one.key for one in own}
    loose = [key for key in interaction.attributes if key not in keys]
    return ShownAttributes(
        user=[one for one in _shown(of_user, theirs) if one.value is not None],
        conversation=[
            *_shown(own, interaction.attributes),
            *(ShownAttribute(name=key, value=interaction.attributes[key]) for key in loose),
        ],
        can_set=any(one.shown is not AttributePlace.NOWHERE for one in own),
    )


def _shown(defined: list[AttributeFields], values: Mapping[str, str]) -> list[ShownAttribute]:
    return [
        ShownAttribute(
            name=one.name,
            value=in_words(one, value, "month_day_year") if value else value,
            required=one.required_to_close,
            in_header=one.shown is AttributePlace.HEADER,
        )
        for one in defined
        if one.shown is not AttributePlace.NOWHERE
        for value in [values.get(one.key)]
    ]
