"""When the desk asks requesters for a grade, and how long their answers count."""

from datetime import datetime, timedelta

from handoff_service.rules.shared.phrases import phrase

#: An agent can undo closing within a minute, so the question never comes sooner.
SOONEST = timedelta(minutes=2)
#: The question is dropped if it cannot be sent within this time, for example because of an outage.
LATEST = timedelta(days=2)
#: How long after the question a digit counts as its answer.
ANSWERED_WITHIN = timedelta(days=7)
#: For this time after a grade, another digit corrects the grade. After a low grade without a
#: comment, a text for which ``grades.is_comment`` is true is its comment.
ADDED_WITHIN = timedelta(hours=1)


def ask_at(closed_at: datetime, after_hours: int) -> datetime:
    """When to ask about a conversation that was closed at this time."""
    return closed_at + max(timedelta(hours=after_hours), SOONEST)


def alert(grade: int, comment: str | None) -> str:
    """The alert that supervisors get about a low grade."""
    if comment:
        return phrase("Graded {grade} of 5: “{comment}”", grade=grade, comment=comment)
    return phrase("Graded {grade} of 5", grade=grade)
