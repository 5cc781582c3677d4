"""The processor time that ``make bench`` measures for PostgreSQL."""

import os
import time

import psycopg

from tests.bench.postgres_watch import watching
from tests.conftest import postgres_database

BUSY = "SELECT sum(sqrt(n)) FROM generate_series(1, 1000000) n"


def test_the_time_of_connections_that_begin_or_end_during_the_measurement_counts() -> None:
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as before:
        before.execute("CREATE TABLE lane_commits (number int)")
        before.execute(BUSY)
        with watching(url.rpartition("/")[2], [os.getpid()]) as watched:
            before.close()
            with psycopg.connect(url, autocommit=True) as later:
                later.execute(BUSY)
                time.sleep(0.5)  # longer than the time between two looks
    assert watched.database > 0.03
