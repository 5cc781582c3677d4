"""Sentences that the database stores in English, found again for the pages."""

import gettext

import pytest

from handoff_service.rules.shared.line_sentences import reason, stored
from handoff_service.rules.shared.phrases import translated


class Marked(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return f"<{message}>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Mia Chen took over", "<Mia Chen took over>"),
        ("The hold has ended", "<The hold has ended>"),
        ("Mia put this on hold until 09:00", "<Mia put this on hold until 09:00>"),
        (
            "Mia closed this conversation. It was your conversation",
            "<<Mia closed this conversation>. It was your conversation>",
        ),
        ("Something that no one wrote", "Something that no one wrote"),
    ],
)
def test_a_stored_sentence_is_found_with_its_names(text: str, shown: str) -> None:
    assert stored(text) == text
    assert translated(stored(text), Marked()) == shown


def test_a_reason_that_a_person_wrote_stays() -> None:
    assert translated(reason("Mia left"), Marked()) == "Mia left"
    assert translated(reason("Waiting for another team"), Marked()) == "<Waiting for another team>"
