"""Figures of the satisfaction survey."""

from handoff_service.rules.reports.figure_kinds import Count, Figure, Is, Known, Percentage, Unit
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.shared.vocabulary import Author

_INTERVAL = phrase("The range in parentheses contains the true share (confidence: 95%).")
_GRADED = (Known("grade"),)


def _satisfied(name: str, heading: str, definition: str, *who: Is) -> Figure:
    return Figure(
        name=name,
        heading=heading,
        definition=joined(" ", [definition, _INTERVAL]),
        unit=Unit.PERCENT,
        how=Percentage((Is("grade", (4, 5)),), _GRADED + who),
        lower_is_better=False,
        with_interval=True,
    )


_GRADES = (
    (5, phrase("Conversations with the grade 5, the best.")),
    (4, phrase("Conversations with the grade 4.")),
    (3, phrase("Conversations with the grade 3.")),
    (2, phrase("Conversations with the grade 2.")),
    (1, phrase("Conversations with the grade 1, the worst.")),
)
SATISFACTION_FIGURES = (
    Figure(
        name="asked",
        heading=phrase("Questions sent"),
        definition=phrase("Conversations after which the requester was asked how it went."),
        unit=Unit.COUNT,
        how=Count((Is("was_asked", (1,)),)),
    ),
    Figure(
        name="graded",
        heading=phrase("Grades"),
        definition=phrase("Conversations that the requester graded from 1 to 5."),
        unit=Unit.COUNT,
        how=Count(_GRADED),
    ),
    Figure(
        name="response_rate",
        heading=phrase("Response rate"),
        definition=joined(" ", [phrase(
            "The share of these questions that got a grade."), _INTERVAL]),
        unit=Unit.PERCENT,
        how=Percentage(_GRADED, (Is("was_asked", (1,)),)),
        lower_is_better=False,
        with_interval=True,
    ),
    _satisfied("satisfied", phrase("Satisfied"), phrase(
        "The share of grades 4 and 5 among all grades.")),
    _satisfied(
        "satisfied_agents", phrase("Satisfied, with agents"),
        phrase(
            "The share of grades 4 and 5 among grades of conversations that an agent or a queue "
            "had."), Is("solved_by", (Author.AGENT,)),
    ),
    _satisfied(
        "satisfied_bot", phrase("Satisfied, with the virtual agent"),
        phrase(
            "The share of grades 4 and 5 among grades of conversations that no agent or queue "
            "ever had."),
        Is("solved_by", (Author.VIRTUAL_AGENT,)),
    ),
    *(
        Figure(
            name=f"grade_{grade}",
            heading=phrase("Grade {grade}", grade=grade),
            definition=meaning,
            unit=Unit.COUNT,
            how=Count((Is("grade", (grade,)),)),
        )
        for grade, meaning in _GRADES
    ),
)  # fmt: skip
