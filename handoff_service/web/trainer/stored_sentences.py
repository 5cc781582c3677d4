"""Sentences that the database stores in English, as phrases for the pages of trainers."""

from collections.abc import Mapping, Sequence

from handoff_service.bot_control.measure_model import comparison_of
from handoff_service.bot_control.train_and_compare import ADVICE
from handoff_service.operations.training.change_model import AT_START
from handoff_service.operations.training.training_run import INTERRUPTED
from handoff_service.rules.training.canary import stored_in_words
from handoff_service.rules.training.promotion_rules import blocks
from handoff_service.store.views.training import BotModel

#: the first line of a failed run's error
ADVICE_WORDS: Mapping[str, str] = {one: one for one in (*ADVICE.values(), INTERRUPTED)}


def reason_of_promotion(stored: str) -> str:
    return AT_START if stored == AT_START else stored_in_words(stored)


def translated_reasons(blocked: Sequence[str], model: BotModel) -> list[str]:
    """The reasons that block a promotion, in the language of the page. The database has the
    measurement's reasons in English, so the same rules write them again from the same figures.
    """
    if model.scores is None or "figures" not in model.scores:
        return list(blocked)
    again = [one for some in blocks(comparison_of(model.scores)).values() for one in some]
    known = {one: one for one in again}
    return [known.get(one, one) for one in blocked]
