"""@mentions in private notes: the agents that a note names, and the agents that match typed
letters."""

import re
from collections import Counter
from collections.abc import Mapping

from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.shared.names import first_name

_AT = re.compile(r"(?<![\w.@])@(?=\w)")
_CONTINUES = re.compile(r"\w")


def mentioned_agents(note: str, agents: Mapping[int, str]) -> set[int]:
    """The agents that a note names after an @, by full name, or by a first name that only one agent
    has. ``agents``: id -> name. Case and accents do not matter."""
    full = {agent: folded(name) for agent, name in agents.items()}
    first = {agent: folded(first_name(name)) for agent, name in agents.items()}
    shared = Counter(first.values())
    found: set[int] = set()
    for at in _AT.finditer(note):
        rest = folded(note[at.end() :])
        by_full = {agent for agent, name in full.items() if _begins(rest, name)}
        by_first = {
            agent for agent, name in first.items() if shared[name] == 1 and _begins(rest, name)
        }
        found |= by_full or by_first
    return found


def agents_starting_with(letters: str, agents: Mapping[int, str]) -> list[int]:
    """The agents with a name in which a word begins with these letters. Names that begin with them
    come first. Within each group, the order is alphabetical. ``agents``: id -> name."""
    typed = folded(letters)
    names = {agent: folded(name) for agent, name in agents.items()}
    found = [agent for agent, name in names.items() if f" {typed}" in f" {name}"]
    return sorted(found, key=lambda agent: (not names[agent].startswith(typed), names[agent]))


def _begins(rest: str, name: str) -> bool:
    """Whether the text begins with the whole name."""
    return bool(name) and rest.startswith(name) and not _CONTINUES.match(rest, len(name))
