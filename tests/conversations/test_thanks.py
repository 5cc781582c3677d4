"""Thanks and similar texts, as opposed to texts that need an answer."""

import pytest

from handoff_service.rules.conversations.thanks import is_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thank youuu so much!!",
        "👍🏽",
        "ok thanks 😊",
        "cheers mate",
        "Perfecto, mil gracias",
        "Thx :)",
        "works now, ty",
        "🙏🙏",
        "Gracias por todo",
        "ok thank you Ms Chen",
        "gracias Mia, que pases buen día",
        "Great, have a good weekend!",
        "thanks Mia",
    ],
)
def test_thanks(text: str) -> None:
    assert is_thanks(text, ["Mia Chen"])


@pytest.mark.parametrize(
    "text",
    [
        "thanks but it is back",
        "Thanks, when does it open?",
        "ok now the screen is black",
        "👎",
        "no",
        "thanks 😡",
        "hi",
        "gracias pero no funciona",
        "thank you, one more thing",
        "yes",
        "42",
        "",
        "it",
        "thanks printer",
        "buen día",
        "Mia",
        "buenas tardes",
    ],
)
def test_what_needs_an_answer(text: str) -> None:
    assert not is_thanks(text)
