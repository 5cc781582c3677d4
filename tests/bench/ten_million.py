"""Compares two tables of ten million messages of three years on PostgreSQL: a plain table, and one
with a partition for each month.

Only ``ONLY=ten_million`` runs it. It needs about 12 GB of disk.

The benchmark measures the product's own functions on both tables. For this, the partitioned table
takes the plain table's name. Each partition is a range of ids that covers one month, because ids
follow the time and other tables refer to the id. A unique constraint must contain the partition
key, so this table cannot have the constraints on the provider's id and on the position in the
conversation.
"""

import asyncio
import itertools
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from handoff_service import clock
from handoff_service.operations.conversations.receive_sms import Text, receive_sms
from handoff_service.operations.privacy.retain_steps import RemoveRows, begin_kind, remove_rows
from handoff_service.rules.conversations import search_query
from handoff_service.rules.privacy.kinds import KeptKind
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.conversations import (
    conversation_list,
    messages,
    search,
    text_index,
)
from handoff_service.store.engine import claiming, due_work
from handoff_service.store.engine.store import Store
from handoff_service.store.engine.transaction import OperationSettings, Transaction
from handoff_service.store.privacy import retention
from handoff_service.store.privacy.empty_rows import parts_of, rows_left
from tests.bench import size
from tests.bench.desks import Desks, database
from tests.bench.report import figure, table
from tests.bench.result import Result, spread
from tests.conftest import Heard, lay_out
from tests.support.story import DIRECT, MAIN, MIA

COUNT = size(10_000_000, 40_000, "MESSAGES")
LINES = 10  # messages of a conversation
AT_A_TIME = 40  # the number of conversations whose messages alternate
BLOCK = LINES * AT_A_TIME
FEWER = max(COUNT // 100, 20_000)  # for comparison, to see the cost of only the number of messages
MONTHS = 36
MONTH = timedelta(days=30.4375)
TIMES = size(60, 5, "TIMES")
BATCH = 64
FREE_BYTES = 1_500 * COUNT  # free disk space that the benchmark requires at its start
SENTENCES = (
    "my laptop will not start since this morning",
    "the printer on floor three prints blank pages",
    "I cannot sign in to the VPN from home",
    "thanks, that worked",
    "please reset my password, the old one has expired",
    "the badge reader at the north door does not open",
    "Restart it once more and tell me what you see on the screen.",
    "I have ordered a new charger for you. It arrives on Monday.",
    "outlook shows an empty calendar after the update",
    "can somebody call me back about ticket forty two",
)
RARE = "zanzibar"  # a word that one in a hundred thousand messages contains
FEW, PLAIN, BY_MONTH = f"plain table, {FEWER:,}", "plain table", "one partition a month"

type Timing = tuple[str, str, float]  # measured step, unit, figure


@dataclass(frozen=True, slots=True)
class Scale:
    """The numbers of rows."""

    messages: int

    @property
    def conversations(self) -> int:
        return self.messages // LINES

    @property
    def people(self) -> int:
        """Return the number of requesters. Each has five conversations."""
        return self.conversations // 5

    @property
    def open(self) -> int:
        """Return the number of active conversations, which are the newest."""
        return min(2_000, self.people // 2)

    @property
    def timers(self) -> int:
        """Return the number of waiting timers."""
        return self.messages // 50

    @property
    def monthly(self) -> int:
        """Return the number of messages of a month."""
        return -(-self.messages // MONTHS)


def measure(desks: Desks) -> Iterator[Result]:
    if desks.kind != "PostgreSQL":
        return
    if shutil.disk_usage("/").free < FREE_BYTES:
        raise RuntimeError(f"{FREE_BYTES / 1e9:.0f} GB of free disk are needed")
    few, many = Scale(FEWER), Scale(COUNT)
    with database(desks.kind) as url:
        asyncio.run(lay_out(url))
        _fill(url, few)
        found = {FEW: _all(url, few)}
        print(FEW, found[FEW], flush=True)
    with database(desks.kind) as url:
        asyncio.run(lay_out(url))
        said = [_timed("fill it", lambda: _fill(url, many))]
        found[PLAIN] = _all(url, many)
        print(said, PLAIN, found[PLAIN], flush=True)
        said.append(_timed("move it into partitions", lambda: _partition(url, many)))
        found[BY_MONTH] = _all(url, many)
    for line in said:
        print(line, flush=True)
    columns = [{what: value for what, _, value in each} for each in found.values()]
    rows = [
        (what, unit, *("-" if what not in of else figure(of[what]) for of in columns))
        for what, unit in dict.fromkeys((w, u) for each in found.values() for w, u, _ in each)
    ]
    print("\n" + table((f"{COUNT:,} messages", "", *found), rows) + "\n", flush=True)
    for name, other in ((PLAIN, FEW), (BY_MONTH, PLAIN)):
        floors = {what: value for what, _, value in found[other]}
        for what, unit, value in found[name]:
            if unit == "ms" and floors.get(what):
                ratio = value / floors[what]
                yield Result(
                    what=f"{COUNT:,} messages, {name}: {what}",
                    database=desks.kind,
                    value=value,
                    unit=unit,
                    floor=other,
                    ratio=ratio,
                    low=ratio,
                    high=ratio,
                )


def _timed(what: str, work: Callable[[], None]) -> str:
    began = time.monotonic()
    work()
    return f"-> {what}: {time.monotonic() - began:.0f} s"


# The rows -----------------------------------------------------------------------------------------


def _fill(url: str, scale: Scale) -> None:
    """Fill the tables. The two big tables are filled in parallel."""
    with _connected(url) as conn:
        begins = datetime.now(UTC) - MONTHS * MONTH
        conn.execute(_SETTINGS)
        for statement in _PEOPLE:
            conn.execute(_filled(statement, scale, begins))
        names = conn.execute(_INDEXES).fetchall()
        dropped = [definition for _, definition, constraint in names if constraint is None]
        constraints = [(name, constraint) for name, _, constraint in names if constraint]
        for name, _definition, constraint in names:
            drop = f"ALTER TABLE messages DROP CONSTRAINT {name} CASCADE"
            conn.execute(drop if constraint else f"DROP INDEX {name}")
    side = threading.Thread(target=_run, args=(url, _words_statements(), scale, begins))
    side.start()
    _run(url, [_MESSAGES], scale, begins)
    made = [f"ALTER TABLE messages ADD CONSTRAINT {name} {what}" for name, what in constraints]
    _run(url, [*made, *dropped, _DUE_WORK, *_ENDS], scale, begins)
    side.join()
    _run(url, ["VACUUM ANALYZE"], scale)


def _partition(url: str, scale: Scale) -> None:
    """Move the messages into a new table of the same name that has a partition for each month."""
    each = scale.monthly
    parts = [
        f"CREATE TABLE messages_{n:02d} PARTITION OF messages FOR VALUES FROM "
        f"({'MINVALUE' if n == 0 else n * each + 1}) TO "
        f"({'MAXVALUE' if n == MONTHS - 1 else (n + 1) * each + 1})"
        for n in range(MONTHS)
    ]
    _run(
        url,
        [
            "ALTER TABLE messages RENAME TO messages_plain",
            "CREATE TABLE messages (LIKE messages_plain INCLUDING DEFAULTS) "
            "PARTITION BY RANGE (id)",
            "ALTER SEQUENCE messages_id_seq OWNED BY messages.id",
            "ALTER TABLE messages ADD FOREIGN KEY (interaction_id) REFERENCES interactions",
            *parts,
            "INSERT INTO messages SELECT * FROM messages_plain",
            "ALTER TABLE messages ADD PRIMARY KEY (id)",
            "CREATE INDEX ON messages (interaction_id, seq)",
            "CREATE INDEX ON messages (provider_sid)",
            "DROP TABLE messages_plain CASCADE",
            "VACUUM ANALYZE messages",
        ],
        scale,
    )


def _run(url: str, statements: Sequence[str], scale: Scale, begins: datetime | None = None) -> None:
    with _connected(url) as conn:
        conn.execute(_SETTINGS)
        for statement in statements:
            conn.execute(_filled(statement, scale, begins))


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def _filled(statement: str, scale: Scale, begins: datetime | None) -> str:
    """Return the statement with its values filled in. All values come from this module."""
    if begins is not None:
        step = (MONTHS * MONTH / scale.messages).total_seconds()
        for name, value in (
            ("count", f"{scale.messages}::bigint"),
            ("begins", f"timestamptz '{begins.isoformat()}'"),
            ("step", f"interval '{step:.6f} seconds'"),
            ("people", str(scale.people)),
            ("open", str(scale.open)),
            ("timers", str(scale.timers)),
        ):
            statement = statement.replace(f"%({name})s", value)
    return statement


def _words_statements() -> list[str]:
    """Return statements that insert the text index's rows: the words of the sentences in the
    worker's format, and a number that no other message contains.
    """
    lines = [text_index._tsvector(search_query.words(one)).replace("'", "''") for one in SENTENCES]
    listed = ", ".join(f"'{line}'" for line in lines)
    insert = f"""
        INSERT INTO message_words
        SELECT (({_CONVERSATION}) << {text_index.SEQ_BITS}) + {_SEQ},
          ((ARRAY[{listed}])[1 + n % {len(SENTENCES)}] || ' ''' || n || ''':99'
            || CASE WHEN n % 100000 = 7 THEN ' ''{RARE}'':100' ELSE '' END)::tsvector
        FROM generate_series(1, %(count)s) AS n
    """
    index = "CREATE INDEX ix_message_words_words ON message_words USING GIN (words)"
    # The index is dropped first and created again at the end, which is faster.
    return ["DROP INDEX ix_message_words_words", insert, index]


# session_replication_role turns off the check of each foreign key.
_SETTINGS = """
SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'; SET session_replication_role = replica
"""
_INDEXES = """
SELECT c.relname, pg_get_indexdef(c.oid), pg_get_constraintdef(k.oid)
FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid
LEFT JOIN pg_constraint AS k ON k.conindid = c.oid AND k.conrelid = x.indrelid
WHERE x.indrelid = 'messages'::regclass
"""
# The messages of this number of conversations alternate.
_CONVERSATION = f"(n - 1) / {BLOCK} * {AT_A_TIME} + (n - 1) % {AT_A_TIME} + 1"
_SEQ = f"((n - 1) % {BLOCK} / {AT_A_TIME} + 1)"
_PERSON = "((c * 7919) % %(people)s + 1)"
_NUMBER = "'+1312' || lpad({}::text, 7, '0')"
_AT = "%(begins)s + %(step)s * n"
_LAST = f"((c - 1) / {AT_A_TIME} * {BLOCK} + {BLOCK})"
_PEOPLE = (
    f"""
    INSERT INTO messaging_profiles (id, number, active, created_at)
    SELECT n, {_NUMBER.format("n")}, true, %(begins)s FROM generate_series(1, %(people)s) AS n
    """,
    f"""
    INSERT INTO interactions (id, requester_number, provider_number_id, profile_id, state, priority,
      owner, epoch, assigned_to, queue_id, last_seq, opened_at, closed_at, last_message_at)
    SELECT c, {_NUMBER.format(_PERSON)}, 1, {_PERSON},
      CASE WHEN is_open THEN 'work_in_progress' ELSE 'closed_complete' END, 3,
      CASE WHEN is_open THEN 'agent' ELSE 'none' END, 2, {MIA}, 1, {LINES},
      %(begins)s + %(step)s * ({_LAST} - {BLOCK}),
      CASE WHEN is_open THEN NULL ELSE %(begins)s + %(step)s * {_LAST} END,
      %(begins)s + %(step)s * {_LAST}
    FROM (SELECT c, c > %(count)s / {LINES} - %(open)s AS is_open
      FROM generate_series(1, %(count)s / {LINES}) AS c) AS conversations
    """,
)
_MESSAGES = f"""
INSERT INTO messages (id, interaction_id, seq, kind, direction, author, agent_id, body, status,
  owner, epoch, provider_sid, created_at)
SELECT n, {_CONVERSATION}, {_SEQ}, 'message',
  CASE WHEN {_SEQ} % 2 = 1 THEN 'inbound' ELSE 'outbound' END,
  CASE WHEN {_SEQ} % 2 = 1 THEN 'requester' ELSE 'agent' END,
  CASE WHEN {_SEQ} % 2 = 1 THEN NULL ELSE {MIA} END,
  (ARRAY[{", ".join("'" + one + "'" for one in SENTENCES)}])[1 + n % {len(SENTENCES)}] || ' ' || n,
  CASE WHEN {_SEQ} % 2 = 1 THEN 'received' ELSE 'delivered' END, 'agent', 2,
  'SM' || md5(n::text), {_AT}
FROM generate_series(1, %(count)s) AS n
"""
_DUE_WORK = """
INSERT INTO due_work (kind, key, line, due_at, attempts)
SELECT 'timer', n::text, n::text, now() + interval '1 day' + n * interval '1 second', 0
FROM generate_series(1, %(timers)s) AS n
"""
_ENDS = (
    *(
        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
        for name in ("messaging_profiles", "interactions", "messages")
    ),
    "UPDATE text_index SET done_to = (SELECT max(id) FROM messages)",
    f"""
    INSERT INTO live_group (interaction_id, agent_id, read_seq, joined_at)
    SELECT id, {MIA}, 7, now() FROM interactions WHERE closed_at IS NULL
    """,
)


# The figures --------------------------------------------------------------------------------------


def _all(url: str, scale: Scale) -> list[Timing]:
    return [*asyncio.run(_statements(url, scale)), *_upkeep(url, scale)]


async def _statements(url: str, scale: Scale) -> list[Timing]:
    """Measure the product's own functions. The result is the lower quartile in milliseconds, which
    other work on the machine affects least.
    """
    store = Store(url, clock=clock.now, settings=OperationSettings(), after_commit=Heard())
    chance, last = random.Random(7), scale.conversations
    turns = itertools.count()
    found: list[Timing] = []

    async def time_it(what: str, work: Callable[[], Awaitable[object]], times: int = TIMES) -> None:
        took = []
        for turn in range(times + 2):
            began = time.perf_counter()
            await work()
            if turn >= 2:
                took.append((time.perf_counter() - began) * 1000)
        found.append((what, "ms", spread(took, quartile=1).middle))

    async def texts(to: str, number: Callable[[int], str]) -> None:
        turn = next(turns)
        commands = [
            Text(
                sid=f"SMx{time.time_ns()}{n}",
                requester_number=number(turn * BATCH + n),
                provider_number=to,
                body="it does not start again",
            )
            for n in range(BATCH)
        ]
        await asyncio.gather(*(store.write(receive_sms, one, near=1) for one in commands))

    async def look(words: str) -> None:
        def both(conn: Any) -> None:
            wanted = search_query.read(words)
            page = search.find_interactions(conn, wanted, limit=20)
            search.found_conversations(conn, page, MIA)

        await store.read(both)

    try:
        people = [
            f"+1312{(c * 7919) % scale.people + 1:07d}"
            for c in range(last - scale.open + 1, last + 1)
        ]
        await time_it(
            f"{BATCH} texts in known conversations",
            lambda: texts(MAIN, lambda n: people[n % len(people)]),
        )
        await time_it(
            f"{BATCH} texts that begin conversations",
            lambda: texts(DIRECT, lambda n: f"+1646{time.time_ns() % 10_000_000:07d}"),
        )
        await time_it(
            "thread page of an old conversation",
            lambda: store.read(messages.last, chance.randint(1, last // 2), 50),
        )
        await time_it(
            "thread page of a conversation of this month",
            lambda: store.read(messages.last, chance.randint(last - last // 40, last), 50),
        )
        await time_it("search: a word of every tenth text", lambda: look("printer"))
        await time_it(
            "search: a number that one text has",
            lambda: look(str(chance.randint(1, scale.messages))),
        )
        await time_it("search: a word of 0.001 % of the texts", lambda: look(RARE))
        await time_it(
            "list: 100 of an agent's ongoing conversations",
            lambda: store.read(conversation_list.ongoing_items, MIA, others=False, most=100),
            max(TIMES // 4, 3),
        )
        await _work(store, time_it)
        await _retention(store, scale, time_it)
    finally:
        store.close()
    return found


async def _work(
    store: Store, time_it: Callable[[str, Callable[[], Awaitable[object]]], Awaitable[None]]
) -> None:
    """Measure due work beside very many waiting timers."""
    keys = itertools.count(1)

    def add(tx: Transaction, _command: None) -> None:
        due_work.schedule(
            tx,
            [
                due_work.Due(kind=Work.BOT_TURN, key=f"x{next(keys)}", line=f"x{n}", due_at=tx.now)
                for n in range(BATCH)
            ],
        )

    def done(tx: Transaction, claimed: Sequence[claiming.Claimed]) -> None:
        due_work.cancel(tx, Work.BOT_TURN, [one.key for one in claimed])

    claimed: list[claiming.Claimed] = []

    async def claim() -> None:
        await store.write(add, None)
        kinds = frozenset({Work.BOT_TURN})
        claimed[:] = await store.write(claiming.claim, claiming.Claim(BATCH, kinds))
        await store.write(done, list(claimed))

    await time_it(f"{BATCH} pieces of due work: schedule, claim, end", claim)


_EMPTIED = itertools.count()  # the oldest conversations, each once and in order


async def _retention(
    store: Store,
    scale: Scale,
    time_it: Callable[[str, Callable[[], Awaitable[object]]], Awaitable[None]],
) -> None:
    """Measure retention. Each step erases 30 of the oldest texts, as in the nightly run."""
    kind = KeptKind.TEXTS
    await store.write(begin_kind, kind)
    before = clock.now() - (MONTHS - 1) * MONTH
    await time_it(
        "retention: find the next 20 conversations",
        lambda: store.read(retention.next_batch, kind, before),
    )

    async def step() -> None:
        first = 1 + next(_EMPTIED) * 3
        ids = range(first, first + 3)
        for part, keys in await store.read(rows_left, parts_of([kind]), ids):
            rows = RemoveRows(kind=kind, part=part, keys=keys)
            await store.write(remove_rows, rows)

    await time_it("retention: find and empty three conversations", step)


def _upkeep(url: str, scale: Scale) -> list[Timing]:
    """Measure the size, a vacuum, the removal of a month, and a dump."""
    found: list[Timing] = []
    with _connected(url) as conn:
        partitioned = bool(conn.execute("SELECT 1 FROM pg_partitioned_table").fetchall())
        for what, function in (("rows", "pg_table_size"), ("indexes", "pg_indexes_size")):
            tables = "pg_partition_tree('messages')"
            query = f"SELECT sum({function}(relid)) FROM {tables}"
            if not partitioned:
                query = f"SELECT {function}('messages')"
            bytes_ = _one(conn, query)
            found.append((f"size of the messages: {what}", "MB", bytes_ / 1e6))
        words = _one(conn, "SELECT pg_total_relation_size('message_words')")
        found.append(("size of the text index", "MB", words / 1e6))
        each = scale.monthly
        took = _seconds(lambda: conn.execute("VACUUM messages"))
        found.append(("VACUUM after the texts above", "s", took))
        conn.execute("SET session_replication_role = replica")
        if partitioned:
            took = _seconds(lambda: conn.execute("DROP TABLE messages_02"))
        else:
            removal = f"DELETE FROM messages WHERE id > {each} AND id <= {2 * each}"
            took = _seconds(lambda: conn.execute(removal))
        found.append(("remove the rows of a whole month", "s", took))
        if not partitioned:
            took = _seconds(lambda: conn.execute("VACUUM messages"))
            found.append(("VACUUM after that", "s", took))
        else:
            found.append(("VACUUM after that", "s", 0.0))
    everything = ["--table=messages", "--table=messages_*"]
    found.append(("pg_dump of all messages", "s", _seconds(lambda: _dump(url, everything))))
    if partitioned:
        newest = [f"--table=messages_{MONTHS - 1:02d}"]
        took = _seconds(lambda: _dump(url, newest))
        found.append(("pg_dump of the newest month", "s", took))
    return found


def _dump(url: str, tables: Sequence[str]) -> None:
    command = ["pg_dump", "--format=custom", "--compress=1", "--data-only", *tables, url]
    with open(os.devnull, "wb") as nowhere:
        subprocess.run(command, check=True, stdout=nowhere, stderr=subprocess.DEVNULL)


def _one(conn: psycopg.Connection, query: str) -> float:
    row = conn.execute(query).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
