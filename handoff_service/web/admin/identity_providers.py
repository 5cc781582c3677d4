"""The form of an identity provider for single sign-on. The admin page Sign-in lists the
providers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse
from sqlalchemy import Connection

from handoff_service.operations.desk.identity_provider_fields import IdentityProviderEntry
from handoff_service.operations.desk.identity_providers import (
    PutIdentityProvider,
    access_to,
    blockers,
    delete_identity_provider,
    save_identity_provider,
)
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.shared.read_fields import read_as
from handoff_service.ports.identity_providers import SignInFailed
from handoff_service.rules.desk.identity_providers import GROUPS_CLAIM, SCOPES
from handoff_service.rules.desk.record_changes import Noun
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import identity_providers
from handoff_service.store.views import IdentityProvider
from handoff_service.web.admin.deleting import Deleting
from handoff_service.web.admin.editor import Editor, Saving
from handoff_service.web.admin.pages import Form, done, lines, pairs
from handoff_service.web.admin.record_form import WriteNoun
from handoff_service.web.shared.session import desk_of, page

LIST = "/sign-in"
HERE = "/identity-providers"
SWITCHES = ("creates_accounts", "asks_second_factor", "trusts_addresses", "active")
NEW = {
    "name": "",
    "issuer": "",
    "client_id": "",
    "client_secret": "",
    "scopes": SCOPES,
    "groups_claim": GROUPS_CLAIM,
    "roles": "",
    "groups": "",
    "domains": "",
    "creates_accounts": "",
    "asks_second_factor": "",
    "trusts_addresses": "",
    "active": "1",
}


def _shown(one: IdentityProvider) -> tuple[str, dict[str, str]]:
    texts = ("name", "issuer", "client_id", "scopes", "groups_claim")
    return one.name, {
        **{name: getattr(one, name) for name in texts},
        "client_secret": "",
        "roles": _mapped(one.roles),
        "groups": _mapped(one.groups),
        "domains": ", ".join(one.domains),
        **{name: "1" * getattr(one, name) for name in SWITCHES},
    }


def _mapped(several: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"{group} = {', '.join(names)}" for group, names in several.items())


def _several(text: str) -> list[str]:
    return lines(text.replace(",", "\n"))


async def _write(saving: Saving[IdentityProvider]) -> WriteNoun:
    values = saving.form.values
    given: dict[str, Any] = {**values, "domains": _several(values["domains"].lower())}
    given |= {name: bool(values[name]) for name in SWITCHES}
    given |= {
        name: {group: _several(names) for group, names in pairs(values[name], name).items()}
        for name in ("roles", "groups")
    }
    given["roles"] = {
        group: [one.lower() for one in roles] for group, roles in given["roles"].items()
    }
    given["client_secret"] = values["client_secret"] or None
    entry = read_as(IdentityProviderEntry, given)
    return save_identity_provider, PutIdentityProvider(
        id=saving.id, fields=entry.to_fields(), client_secret=entry.client_secret
    )


@page(Role.ADMIN)
async def check(request: Request, number: int, agent: CurrentAgent) -> HTTPResponse:
    """Read the provider's configuration and keys, and show whether this succeeded."""
    desk = desk_of(request)
    one = await desk.store.read(identity_providers.get, number)
    access = await desk.store.read(access_to, desk.store.settings, one)
    try:
        await desk.identity_providers.check(access)
    except SignInFailed as failed:
        return await EDITOR.show(request, agent, number, status=400, unreachable=str(failed))
    return done(request, f"{HERE}/{number}", "reached")


def _extra_context(_conn: Connection, _form: Form, one: IdentityProvider | None) -> dict[str, Any]:
    return {"one": one, "unreachable": ""}


EDITOR: Editor[IdentityProvider] = Editor(
    noun=Noun.IDENTITY_PROVIDER,
    valid={"name": "?", "issuer": "https://login.example.invalid", "client_id": "?"},
    list_url=LIST,
    url_prefix=HERE,
    template="identity_provider.html",
    back_label=phrase("Sign-in"),
    new=(phrase("New identity provider"), NEW),
    read=identity_providers.get,
    shown=_shown,
    write=_write,
    delete=lambda _agent, number: (delete_identity_provider, number),
    blockers=blockers,
    deleting=lambda one: Deleting(
        title=phrase("Delete {name}?", name=one.name),
        effects=[
            phrase(
                "Nobody can sign in with this provider anymore. Its agents keep their accounts, "
                "and open sessions continue until they expire."
            )
        ],
        label=phrase("Delete this identity provider"),
    ),
    extra_context=_extra_context,
    returns_to_form=True,
)
PAGES: dict[str, Any] = EDITOR.pages()
POST_HANDLERS: dict[str, Any] = {
    **EDITOR.post_handlers(),
    f"{HERE}/<number:int>/check": check,
}
