"""An open practice run: its desk, the feeder of its texts, and its score."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from handoff_service.context import AppContext, PracticeMark
from handoff_service.practice.desk import keep_picture, open_desk
from handoff_service.practice.desk_content import Material, desk_file_of, requester_number
from handoff_service.practice.feeder import Feeder
from handoff_service.rules.training.practice import (
    PracticeChoice,
    PracticeConversation,
    rounds_of,
    starts_of,
)
from handoff_service.rules.training.practice_score import PracticeScore, score_one, score_run
from handoff_service.store.training import practice_source


@dataclass(slots=True)
class OpenRun:
    """An open run."""

    desk: AppContext
    feeder: Feeder
    originals: Sequence[PracticeConversation]
    median: int | None  # of the real desk's first answers, in seconds
    acted_at: float  # by the event loop's clock
    erasures: int  # the id of the newest erasure when the run began
    ending: asyncio.Task[None] | None = None

    async def score(self) -> PracticeScore:
        """Score what the agent has done so far."""
        seen = await self.desk.store.for_own_work().read(practice_source.practiced)
        nothing = PracticeConversation(lines=(), topic=None, waits_since=None, closed=False)
        until = self.desk.clock()
        found = [
            score_one(
                seen.get(requester_number(place), nothing),
                original,
                until=until,
                left_out=self.feeder.left(place),
            )
            for place, original in enumerate(self.originals)
        ]
        return score_run(found, self.median)


async def open_run(
    real: AppContext,
    mark: PracticeMark,
    folder: Path,
    choice: PracticeChoice,
    material: Material,
    finished: Callable[[], Awaitable[None]],
    erasures: int,
) -> OpenRun:
    """Open the practice desk of a run in this folder. The run calls ``finished`` when all its
    conversations are over. ``erasures``: the id of the newest erasure."""
    past = material.conversations
    opened: list[Feeder] = []

    def changed() -> None:
        for feeder in opened:
            feeder.changed()

    desk = await open_desk(real, mark, folder, desk_file_of(material), changed)
    feeder = Feeder(
        desk.store.for_own_work(),
        [rounds_of(one, choice.speed) for one in past],
        starts_of([one.lines[0].at for one in past], choice.speed),
        finished,
        lambda: keep_picture(desk),
    )
    opened.append(feeder)
    return OpenRun(
        desk=desk,
        feeder=feeder,
        originals=past,
        median=material.first_answer,
        acted_at=asyncio.get_running_loop().time(),
        erasures=erasures,
    )
