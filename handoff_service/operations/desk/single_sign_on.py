"""Find, link or create the account of a person who signs in with an identity provider. Give the
account the roles and groups that follow from the provider's claims."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select

from handoff_service.errors import NotAllowed
from handoff_service.operations.desk import agents
from handoff_service.operations.desk.agents import ChangeAgent, MakeAgent, change_agent, make_agent
from handoff_service.rules.desk.identity_providers import (
    IdentityProviderFields,
    Person,
    groups_after,
)
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.store.desk import agents as stored_agents
from handoff_service.store.desk import identity_providers
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.views import Agent

a, i = t.agents, t.agent_identities
CAPACITY = 4  # conversations at a time, the default for new agents


@dataclass(frozen=True, slots=True)
class AdmitPerson:
    """A person who has signed in with the provider, and whose claims are verified."""

    provider_id: int
    person: Person


def admit_person(tx: Transaction, command: AdmitPerson) -> int:
    """Find or create the person's agent, and return the id. Raises NotAllowed for a person who may
    not sign in here, and NotFound for an unknown provider."""
    one = identity_providers.get(tx.conn, command.provider_id)
    provider, person = identity_providers.fields_of(one), command.person
    if not one.active:
        raise NotAllowed(
            phrase("Sign-in with {name} is switched off. Ask an admin.", name=one.name)
        )
    linked = select(i.c.agent_id).where(i.c.provider_id == one.id, i.c.subject == person.subject)
    agent_id = tx.conn.execute(linked).scalar()
    if agent_id is None:
        agent_id = _by_address(tx, one.id, provider, person)
        values = {"provider_id": one.id, "subject": person.subject}
        tx.conn.execute(insert(i).values(**values, agent_id=agent_id, linked_at=tx.now))
    agent = stored_agents.get(tx.conn, agent_id)
    if not agent.active:
        raise NotAllowed(phrase("Your account here is deactivated. Ask an admin."))
    _apply_claims(tx, agent, person, provider)
    return agent_id


def _by_address(
    tx: Transaction, provider_id: int, provider: IdentityProviderFields, person: Person
) -> int:
    """The id of the account with the person's e-mail address, or of a new account."""
    if person.email is None:
        raise NotAllowed(
            phrase(
                "{name} has not verified your e-mail address, so Patchboard cannot find your "
                "account. Ask an admin.",
                name=provider.name,
            )
        )
    same = select(a.c.id).where(func.lower(a.c.email) == person.email.lower())
    agent_id = tx.conn.execute(same).scalar()
    if agent_id is None:
        return _new_agent(tx, provider, person, person.email)
    # the provider may have given the address to somebody else, who must not get this account
    taken = select(i.c.subject).where(i.c.provider_id == provider_id, i.c.agent_id == agent_id)
    if tx.conn.execute(taken).first() is not None:
        raise NotAllowed(
            phrase(
                "The account with your address is linked to another person at {name}. Ask an "
                "admin to unlink it.",
                name=provider.name,
            )
        )
    return agent_id


def _new_agent(
    tx: Transaction, provider: IdentityProviderFields, person: Person, email: str
) -> int:
    if not provider.creates_accounts:
        raise NotAllowed(
            phrase("Nobody here has the address {email}. Ask an admin for an account.", email=email)
        )
    roles = sorted((Role.AGENT,) if person.roles is None else person.roles)
    made = MakeAgent(
        email=email,
        name=person.name,
        password_hash="",
        capacity=CAPACITY if Role.AGENT in roles else 0,
        roles=roles,
        groups=sorted(person.groups),
    )
    return make_agent(tx, made)


def _apply_claims(
    tx: Transaction, agent: Agent, person: Person, provider: IdentityProviderFields
) -> None:
    """Give the agent the roles and groups that follow from the provider's claims. The last admin
    keeps the role, and so does an admin with ``always_password``."""
    values: dict[str, object] = {}
    if person.roles is not None:
        roles = {*person.roles}
        is_kept = agent.always_password or agents.blockers(tx.conn, agent.id)
        if Role.ADMIN in agent.roles and is_kept:
            roles.add(Role.ADMIN)
        if roles != {*agent.roles}:
            values["roles"] = sorted(roles)
    groups = groups_after(agent.groups, person, provider)
    if groups != agent.groups:
        values["groups"] = groups
    if values:
        change_agent(tx, ChangeAgent(id=agent.id, by=None, values=values))
