"""The size of the text index on SQLite, compared with earlier versions of the index."""

from unittest import mock

import sqlalchemy as sa

from handoff_service.store.conversations import text_index
from tests.bench.text_index import MIXED, MOST_GROWTH, database, index, whole_words

TEXTS = 3_000
#: The table of migrations 0021 to 0028, which also stored the first two and three letters of words.
BEFORE = """
    CREATE VIRTUAL TABLE message_words USING fts5(
        words, content='', tokenize="ascii tokenchars '+#'", prefix='2 3'
    )
"""


#: The options of the current index. With them, only the words make a difference in size.
MERGES = {"automerge": 0, "crisismerge": 1000}
OPTION = "INSERT INTO message_words (message_words, rank) VALUES (:option, :value)"


def test_parts_of_words_cost_few_bytes() -> None:
    """For texts in many languages, the index takes at most 1.3 times the bytes of an index of whole
    words, because it stores short words once. The number of bytes is the same in every run.
    """
    with database("SQLite") as conn:
        now = index(conn, MIXED, TEXTS).size
        conn.execute(sa.text("DROP TABLE message_words"))
        conn.execute(sa.text(BEFORE))
        for option, value in MERGES.items():
            conn.execute(sa.text(OPTION), {"option": option, "value": value})
        with mock.patch.object(text_index, "filled", " ".join):
            whole = whole_words(conn, MIXED, TEXTS).size
            stored_twice = index(conn, MIXED, TEXTS).size
    assert now <= MOST_GROWTH * whole
    assert now <= 0.8 * stored_twice
