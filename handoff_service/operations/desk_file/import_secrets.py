"""Hash the secrets of a desk file before the import's transaction.

An argon2 hash keeps a CPU core busy for up to tens of milliseconds, and the import's transaction
blocks all texts. The transaction must therefore not hash secrets. An import has three steps: read
the stored hashes (``stored_secrets``), hash new secrets in a thread (``hash_secrets``), and write
everything (``import_desk``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from handoff_service.operations.desk.passwords import hash_password, password_matches
from handoff_service.operations.desk_file.desk_file import DeskFile, UserEntry
from handoff_service.operations.identity.knowledge_facts import Fact, hashed_fact, is_fact
from handoff_service.rules.identity.proof import fact_fingerprint, fact_hash
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.one_of import one_of


@dataclass(frozen=True, slots=True)
class StoredFact:
    user_id: int
    hash: str
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """``passwords``: e-mail address -> argon2 hash. ``facts``: employee number -> name of the fact
    -> fact."""

    passwords: Mapping[str, str]
    facts: Mapping[str, Mapping[str, StoredFact]]


@dataclass(frozen=True, slots=True)
class Hashed:
    """The hashes of new secrets, keyed as in ``StoredSecrets``. Unchanged secrets are left out."""

    passwords: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Fact]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hashing:
    """The functions that hash a new password, and a new fact with the secret key."""

    password: Callable[[str], str]
    fact: Callable[[str, str], Fact]


ARGON2 = Hashing(hash_password, hashed_fact)
#: For a preview. It stores nothing, and argon2 hashes of a thousand facts would take five seconds.
NO_HASHES = Hashing(lambda password: "", lambda key, value: Fact("", fact_hash(key, value)))


@dataclass(frozen=True, slots=True)
class HashedFile:
    """A desk file and the hashes of its new secrets."""

    file: DeskFile
    hashed: Hashed


def stored_secrets(conn: Connection, file: DeskFile) -> StoredSecrets:
    """The stored hashes of the users and agents in the file."""
    a, u, f = t.agents, t.users, t.user_facts
    emails = {agent.email for agent in file.agents if agent.password}
    passwords = conn.execute(
        select(a.c.email, a.c.password_hash).where(one_of(a.c.email, emails))
    ).all()
    ids = {user.external_id for user in file.users if user.facts}
    columns = (u.c.external_id, f.c.user_id, f.c.name, f.c.hash, f.c.fingerprint)
    rows = conn.execute(
        select(*columns).join(f, f.c.user_id == u.c.id).where(one_of(u.c.external_id, ids))
    )
    facts: dict[str, dict[str, StoredFact]] = {}
    for row in rows:
        facts.setdefault(row.external_id, {})[row.name] = StoredFact(
            row.user_id, row.hash, row.fingerprint
        )
    return StoredSecrets(passwords={row.email: row.password_hash for row in passwords}, facts=facts)


def hash_secrets(
    file: DeskFile, stored: StoredSecrets, key: str, hashing: Hashing = ARGON2
) -> HashedFile:
    """Hash new secrets. Call this in a thread, because a fact takes some milliseconds and a
    password takes longer.

    Each password is verified against its argon2 hash to see whether it is new. A stored fingerprint
    would be faster to compare, but also faster to guess against.
    """
    passwords = {
        agent.email: hashing.password(agent.password)
        for agent in file.agents
        if agent.password
        and not password_matches(stored.passwords.get(agent.email), agent.password)
    }
    facts = {
        user.external_id: _new_facts(user, stored.facts.get(user.external_id, {}), key, hashing)
        for user in file.users
        if user.active is not False  # deactivated users have no facts
    }
    return HashedFile(
        file,
        Hashed(passwords=passwords, facts={who: theirs for who, theirs in facts.items() if theirs}),
    )


def _new_facts(
    user: UserEntry, stored: Mapping[str, StoredFact], key: str, hashing: Hashing
) -> dict[str, Fact]:
    written = {
        name: _written(name, value, stored.get(name), key, hashing)
        for name, value in user.facts.items()
    }
    return {name: fact for name, fact in written.items() if fact is not None}


def _written(
    name: str, value: str, there: StoredFact | None, key: str, hashing: Hashing
) -> Fact | None:
    """The fact to write, or None if the stored fact is the same."""
    if there is None:
        return hashing.fact(key, value)
    keyed = fact_hash(key, value)
    if there.fingerprint is not None:
        same = there.fingerprint == fact_fingerprint(key, there.user_id, name, keyed)
        return None if same else hashing.fact(key, value)
    # older rows have no fingerprint, so verify the fact and store a fingerprint for the next import
    return Fact(there.hash, keyed) if is_fact(there.hash, keyed) else hashing.fact(key, value)
