"""The benchmarks. Each yields results: see ``result.py``."""

import os

QUICK = os.environ.get("QUICK") == "1"
KINDS = ("SQLite", "PostgreSQL")


def size(full: int, quick: int, name: str = "") -> int:
    """The size of a benchmark. With QUICK=1 it is smaller, so that all end within three
    minutes, with wider intervals. ``name``: the setting that overrides both, without its prefix."""
    return int(os.environ.get(f"PATCHBOARD_BENCH_{name}") or (quick if QUICK else full))
