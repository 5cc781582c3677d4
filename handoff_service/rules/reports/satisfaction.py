"""When requesters are asked how it went, and how long their answers count."""

from datetime import datetime, timedelta

from handoff_service.rules.shared.phrases import phrase

#: An agent can undo closing within a minute, so the question never comes sooner.
SOONEST = timedelta(minutes=2)
#: A question is dropped if it could not be sent in this time, for example because of an outage.
LATEST = timedelta(days=2)
#: How long after the question a digit counts as its answer.
ANSWERED_WITHIN = timedelta(days=7)
#: After a grade, another digit corrects the grade for this time, and a text after a low grade is
#: its comment.
ADDED_WITHIN = timedelta(hours=1)


def ask_at(closed_at: datetime, after_hours: int) -> datetime:
    """When to ask about a conversation that was closed at this time."""
    return closed_at + max(timedelta(hours=after_hours), SOONEST)


def alert(grade: int, comment: str | None) -> str:
    """The alert that supervisors get about a low grade."""
    if comment:
        return phrase("Graded {grade} of 5: “{comment}”", grade=grade, comment=comment)
    return phrase("Graded {grade} of 5", grade=grade)
