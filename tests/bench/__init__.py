"""The benchmarks. Each is a function that yields results; see ``result.py``."""

import os

QUICK = os.environ.get("QUICK") == "1"
KINDS = ("SQLite", "PostgreSQL")


def size(full: int, quick: int, name: str = "") -> int:
    """Return the size of a benchmark. QUICK=1 selects the small size, with which all benchmarks end
    within three minutes but have wider intervals. ``name``: the setting that overrides both sizes,
    without its prefix.
    """
    return int(os.environ.get(f"PATCHBOARD_BENCH_{name}") or (quick if QUICK else full))
