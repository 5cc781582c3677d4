"""Handle answers to the satisfaction question: a grade, and a comment on a low grade.

The answers stay in the closed conversation. A text counts as an answer only if the line has no
active conversation, so a digit that answers a form or a menu never counts as a grade.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update

from handoff_service.operations.conversations.receive_sms.text import Text
from handoff_service.operations.shared import messages
from handoff_service.operations.shared.conversation_hints import SUPERVISORS
from handoff_service.rules.reports.grades import Grade, is_comment, read_grade
from handoff_service.rules.shared.vocabulary import Author, Event
from handoff_service.store.conversations import interactions
from handoff_service.store.conversations.satisfaction import OpenQuestion
from handoff_service.store.desk import texts
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.virtual_agent.spoken_language import spoken_language

LONGEST = 1000  # the most characters of a comment
q = t.satisfaction_questions


@dataclass(frozen=True, slots=True)
class SatisfactionAnswer:
    """``grade`` None: the text is the comment on a low grade."""

    interaction_id: int
    grade: Grade | None

    @property
    def message_columns(self) -> dict[str, Any]:
        """The columns that mark the message as a grade or a comment."""
        if self.grade is None:
            return {"event": Event.GRADE_COMMENT, "reason": None}
        return {"event": Event.GRADE, "reason": str(self.grade.value)}


def answer_in(
    text: Text, question: OpenQuestion, names: Collection[str]
) -> SatisfactionAnswer | None:
    """The answer in a text, or None for an ordinary text. ``names``: the names of the agents who
    took part, because the answer may contain them."""
    if text.sent_at is not None and text.sent_at < question.asked_at:
        return None
    if (grade := read_grade(text.body, names)) is not None:
        return SatisfactionAnswer(question.interaction_id, grade)
    if _is_low(question.grade) and question.takes_comment and is_comment(text.body):
        return SatisfactionAnswer(question.interaction_id, None)
    return None


def answered(question: OpenQuestion, answer: SatisfactionAnswer) -> OpenQuestion:
    """The question after this answer, for later texts of the same transaction."""
    if answer.grade is None:
        return replace(question, takes_comment=False)
    grade = answer.grade
    if grade.is_low and not grade.comment and _is_low(question.grade):
        return replace(question, grade=grade.value)
    return replace(question, grade=grade.value, takes_comment=not grade.comment)


def keep_answer(tx: Transaction, answer: SatisfactionAnswer, body: str, seq: int) -> None:
    """Store the grade or the comment. ``seq``: the position of its message. A low grade alerts the
    supervisors. If it has no comment, we ask for one. A later grade replaces the earlier one. If
    both grades are low, we do not ask again, and the earlier comment stays unless the later text
    has one."""
    here = q.c.interaction_id == answer.interaction_id
    was = tx.conn.execute(select(q.c.grade).where(here)).scalar_one()
    grade = answer.grade
    stays_low = grade is not None and grade.is_low and _is_low(was)
    if grade is None:
        values: dict[str, Any] = {"comment": body.strip()[:LONGEST], "alert_seq": seq}
    else:
        values = {
            "grade": grade.value,
            "graded_at": tx.now,
            "alert_seq": seq if grade.is_low else None,
        }
        if grade.comment or not stays_low:
            values["comment"] = grade.comment or None
    tx.conn.execute(update(q).where(here).values(**values))
    tx.hint(SUPERVISORS, answer.interaction_id)
    if grade is not None and grade.is_low and not grade.comment and not stays_low:
        _ask_why(tx, answer.interaction_id)


def _is_low(grade: int | None) -> bool:
    return grade is not None and Grade(grade).is_low


def _ask_why(tx: Transaction, interaction_id: int) -> None:
    body = texts.low_grade(tx.conn, spoken_language(tx.conn, interaction_id))
    interaction = interactions.lock(tx.conn, interaction_id)
    messages.send_text(tx, interaction, body, Author.SYSTEM)
