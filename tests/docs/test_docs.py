"""The reference lists exactly what a user can set or see."""

import ast
import re
from collections.abc import Set
from pathlib import Path

import pytest

from handoff_service import cli
from handoff_service.metrics import Metrics
from handoff_service.operations.desk.desk_fields import DeskEntry
from handoff_service.operations.desk_file import desk_file

ROOT = Path(__file__).parents[2]
SHOWN_BY_NAME = {"text_..."}  # the rest of such a name is the outcome


def reference(name: str) -> str:
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text()


def logged(loggers: Set[str]) -> set[str]:
    """Return the actions in the code: the first argument of each call of these log functions."""
    found: set[str] = set()
    for path in [*ROOT.glob("handoff_service/**/*.py"), *ROOT.glob("actions/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in loggers:
                found |= {one.value for one in ast.walk(node.args[0]) if _is_action(one)}
    return {"text_..." if action == "text_" else action for action in found}


# the log functions, and the level under which the page lists their actions
LEVELS = {"log.warning": "Warnings", "log.info": "Information", "log.debug": "Debug"}
EITHER = {"say", "write_log"}  # calls log.warning or another log function, depending on the result


def _is_action(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def described(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {action for row in rows for action in re.findall(r"`([a-z_.]+)`", row)}


def test_each_log_action_is_described() -> None:
    assert described(reference("log-actions")) == logged(LEVELS.keys() | EITHER)


@pytest.mark.parametrize("logger", LEVELS)
def test_each_log_action_is_listed_under_its_level(logger: str) -> None:
    section = reference("log-actions").partition(f"## {LEVELS[logger]}")[2].partition("\n## ")[0]
    assert described(section) - logged(EITHER) == logged({logger})


def test_each_metric_is_described() -> None:
    named = set(re.findall(r"^\| `(patchboard_\w+)`", reference("metrics"), re.MULTILINE))
    families = re.findall(
        r"^# HELP (\w+?)(?:_total|_created)? ", Metrics().shown().decode(), re.MULTILINE
    )
    assert named == set(families)


def test_each_command_is_described() -> None:
    text = reference("commands")
    commands = next(a.choices for a in cli.parser()._actions if a.choices and "serve" in a.choices)
    assert commands is not None
    assert not [name for name in commands if f"`patchboard {name}" not in text]


@pytest.mark.parametrize("entry", [DeskEntry, desk_file.UserEntry, desk_file.AgentEntry,
                                   desk_file.ProviderNumberEntry, desk_file.QueueEntry,
                                   desk_file.MessagingActionEntry,
                                   desk_file.OutageEntry])  # fmt: skip
def test_each_key_of_a_desk_file_is_described(entry: type[desk_file.DeskFile]) -> None:
    text = reference("desk-file")
    assert not [name for name in entry.model_fields if f"`{name}`" not in text]
