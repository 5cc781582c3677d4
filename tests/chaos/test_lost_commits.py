"""The short form of the drill with lost answers to COMMITs. ``make chaos`` runs the long form."""

from tests.chaos.lost_commits import Drill


async def test_no_command_runs_twice_when_the_answer_to_a_commit_is_lost(postgres_url: str) -> None:
    drill = Drill(postgres_url, commands=64, lose=30)
    await drill.run()
    assert drill.lost_answers >= 15, "the drill must lose answers"
    assert (drill.twice, drill.missing, drill.refused) == ([], [], [])
