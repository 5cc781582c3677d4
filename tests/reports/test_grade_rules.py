"""Recognizes texts that answer "How did we do? Reply 1-5"."""

import pytest

from handoff_service.rules.reports.grades import Grade, is_comment, read_grade

GRADES = {
    "5": 5,
    " 4 ": 4,
    "5!": 5,
    "5.": 5,
    "(3)": 3,
    "“5”": 5,
    "5 thanks": 5,
    "5, thanks Mia!": 5,
    "5 thank you so much": 5,
    "5 🙂": 5,
    "👍 5": 5,
    "5️⃣": 5,
    "⭐⭐⭐⭐": 4,
    "⭐️⭐️⭐️⭐️⭐️": 5,
    "5/5": 5,
    "4 / 5": 4,
    "5 out of 5": 5,
    "4 stars": 4,
    "Five": 5,
    "three": 3,
    "a 5": 5,
    "It's a 4": 4,
    "I'd say 4": 4,
    "I’d give you a 5": 5,
    "I would give it a five": 5,
    "Rating: 5": 5,
    "my rating is 3": 3,
    "5 great service": 5,
    "5 - very fast and helpful": 5,
    "5\nMia was great": 5,
    "4 good but slow": 4,
    "5, problem solved": 5,
    "5\n\nSent from my iPhone": 5,
    "cinco": 5,
    "un 5": 5,
    "5 gracias": 5,
    "5 muy buen servicio": 5,
    "4 de 5": 4,
    "cinco estrellas": 5,
    "3 regular": 3,
}
LOW = {
    "1": (1, ""),
    "two": (2, ""),
    "1 terrible": (1, "terrible"),
    "1 not helpful at all": (1, "not helpful at all"),
    "2 too slow": (2, "too slow"),
    "1, nobody called me back": (1, "nobody called me back"),
    "2 - it took three days": (2, "it took three days"),
    "1 because I had to explain everything twice": (
        1,
        "because I had to explain everything twice",
    ),
    "1. Mia hung up on me": (1, "Mia hung up on me"),
    "1 muy lento": (1, "muy lento"),
    "1, nadie me respondió en dos días": (1, "nadie me respondió en dos días"),
    "2 thanks": (2, ""),
}
ELSE = [
    "0", "6", "10", "55", "4.5", "4,5", "3-4", "4 or 5", "4 to 5", "1-5", "5%", "5:30", "10/10",
    "5 5", "",
    "5?", "Is 5 good?", "-5", "+5",
    "5 laptops are broken",
    "2 of us cannot print",
    "5 minutes ago it broke again",
    "3 days now and still nothing",
    "one more thing",
    "one of my screens is black",
    "1 new laptop please",
    "5. By the way, my printer does not print",
    "5! Also my badge is stuck",
    "4 but I still can't log in",
    "1, still not working",
    "1 - my VPN is down again",
    "2, please call me",
    "1 can somebody help me",
    "1. I have another problem",
    "room 5", "ext 5", "press 5",
    "five guys are locked out",
    "thanks", "great service", "yes", "STOP", "agent", "hello",
    "2 laptops rotas", "5 monitores no funcionan", "una cosa más",
]  # fmt: skip


@pytest.mark.parametrize(("text", "grade"), GRADES.items())
def test_a_text_with_a_grade_is_recognized(text: str, grade: int) -> None:
    assert read_grade(text, ["Mia"]) == Grade(grade)


@pytest.mark.parametrize(("text", "expected"), LOW.items())
def test_a_low_grade_keeps_the_comment(text: str, expected: tuple[int, str]) -> None:
    assert read_grade(text, ["Mia"]) == Grade(*expected)


@pytest.mark.parametrize("text", ELSE)
def test_any_other_text_is_not_a_grade(text: str) -> None:
    assert read_grade(text, ["Mia"]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nobody called me back", True),
        ("it took three days and I had to explain it twice", True),
        ("the agent was rude", True),
        ("Tardaron demasiado", True),
        ("thanks", True),
        ("why did it take so long?", False),
        ("it's still broken", False),
        ("my laptop won't start", False),
        ("My VPN is down", False),
        ("I need a new badge", False),
        ("Please call me", False),
        ("I have another problem", False),
        ("agent", False),
        ("human!", False),
        ("stop texting me", False),
        ("👎", False),
        ("", False),
    ],
)
def test_a_comment_is_recognized(text: str, expected: bool) -> None:
    assert is_comment(text) is expected
