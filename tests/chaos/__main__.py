"""``make chaos``: all fault drills in their long form. If one fails, the others still run."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

MODULES = (
    "tests.chaos.drill",  # This drill runs first, because it prints lost=N duplicated=N.
    "tests.bench.overload",
    "tests.chaos.lost_commits",
    "tests.chaos.redis_faults",
    "tests.chaos.outages",
    "tests.chaos.import_under_load",
    "tests.chaos.power_loss",
    "tests.chaos.nth_call",
)
#: the variables that select the long form, and the tests that read them
TESTS: Sequence[tuple[Mapping[str, str], Sequence[str]]] = (
    (
        {"PATCHBOARD_TEST_REQUESTS": "10000", "PATCHBOARD_TEST_RESTARTS": "3"},
        ["tests/server/test_process_supervisor.py", "-s", "-k", "rolling"],
    ),
    ({"PATCHBOARD_CHAOS_RACES": "1000"}, ["tests/consent/test_opt_out_races.py"]),
    ({"PATCHBOARD_CHAOS_RACES": "1000"}, ["tests/consent/test_consent.py", "-k", "race"]),
    ({"PATCHBOARD_TEST_LATE_ANSWERS": "1000"}, ["tests/virtual_agent/test_ownership.py"]),
    ({"PATCHBOARD_TEST_KILLS": "5"}, ["tests/chaos/test_killed.py"]),
    ({"PATCHBOARD_TEST_RECUTS": "100000"}, ["tests/gateways/test_twilio_form.py"]),
    ({"PATCHBOARD_TEST_FUZZ": "5000"}, ["tests/web/test_fuzz.py"]),
    (
        {"PATCHBOARD_LONG_TESTS": "1"},
        ["tests/delivery/test_quiet_hours_everywhere.py", "tests/web/test_floods.py", "-s"],
    ),
    ({"PATCHBOARD_LONG_TESTS": "1"}, ["tests/e2e/test_models_in_browser.py"]),
)


def main() -> int:
    """Run all drills. Return 1 if one failed."""
    drills = [({}, [sys.executable, "-m", module]) for module in MODULES]
    drills += [(dict(long), [sys.executable, "-m", "pytest", *tests]) for long, tests in TESTS]
    failed = [
        " ".join(command[2:])
        for environ, command in drills
        if subprocess.run(
            command, env=os.environ | environ, check=False
        ).returncode  # these are our own commands
    ]
    print("\n".join(f"FAILED: {drill}" for drill in failed) or "All drills passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
