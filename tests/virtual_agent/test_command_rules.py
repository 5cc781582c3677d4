"""Commands such as AGENT and BYE are recognized only as a whole text, in the admin's words."""

import pytest

from handoff_service.rules.virtual_agent.commands import (
    SHIPPED,
    Command,
    error,
    find_command,
    with_shipped,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("AGENT", Command.AGENT),
        (" agent! ", Command.AGENT),
        ("Real person, please", Command.AGENT),
        ("bye", Command.BYE),
        ("Bye-bye.", Command.BYE),
        ("Help?", Command.HELP),
        ("start over", Command.RESTART),
        ("agent smith called", None),
        ("my agent", None),
        ("help me with my laptop", None),
        ("bye the way", None),
        ("START", None),
        ("please", None),
        ("🙂", None),
        ("", None),
        ("agent" + " " * 500, None),
    ],
)
def test_a_command_must_be_the_whole_text(text: str, command: Command | None) -> None:
    assert find_command(text, SHIPPED) is command


def test_an_admins_words_for_a_command_replace_only_its_shipped_words() -> None:
    words = with_shipped({"agent": ["Kollege", "a real human"], "bye": []})
    assert [find_command(text, words) for text in ("KOLLEGE", "A real human!", "agent", "bye",
        "help")] == [
        Command.AGENT, Command.AGENT, None, None, Command.HELP,
    ]  # fmt: skip


FAULTS = [
    ({Command.AGENT: ["stop"]}, "always opts people out or in"),
    ({Command.RESTART: ["Start!"]}, "always opts people out or in"),
    ({Command.AGENT: ["boss"], Command.BYE: ["BOSS"]}, "is a word for agent and for bye"),
    ({Command.AGENT: ["..."]}, "Use 1 to 40 characters"),
    ({Command.AGENT: ["x" * 41]}, "Use 1 to 40 characters"),
    ({Command.AGENT: [f"word {n}" for n in range(21)]}, "at most 20 words"),
    (SHIPPED, None),
    ({Command.AGENT: ["agent", "Agent"]}, None),
]


@pytest.mark.parametrize(("words", "says"), FAULTS, ids=[str(n) for n in range(len(FAULTS))])
def test_unusable_command_words_are_refused_with_the_reason(
    words: dict[Command, list[str]], says: str | None
) -> None:
    found = error(words)
    assert found is None if says is None else says in (found or "")
