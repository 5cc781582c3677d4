"""Remove training examples that come from an erased person's texts."""

from dataclasses import dataclass

from handoff_service.bot_control.bot_data import BotData
from handoff_service.errors import Conflict, NotFound
from handoff_service.lib.slow_work import run_slow
from handoff_service.rules.shared.phrases import phrase


@dataclass(frozen=True, slots=True)
class ExamplesInFiles:
    """Implements the port ``TaughtExamples`` for the folder with the training data."""

    data: BotData

    async def forget(self, intent: str, example: str, *, is_test: bool) -> str | None:
        remove = self.data.remove_test if is_test else self.data.remove
        try:
            await run_slow(remove, intent, example)
        except NotFound:
            return None  # no file has examples of the intent any longer
        except Conflict as problem:
            return problem.detail
        except OSError as error:
            return phrase("The file could not be written ({strerror}).", strerror=error.strerror)
        return None
