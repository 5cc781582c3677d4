"""Returns the reasons that block a promotion in the language of the page."""

from sqlalchemy import Connection

from handoff_service.bot_control.measure_model import comparison_of
from handoff_service.operations.training.promotion_blocks import promotion_blocks
from handoff_service.rules.training.promotion_rules import blocks
from handoff_service.store.views.training import BotModel


def promotion_reasons(conn: Connection, model: BotModel, running: BotModel | None) -> list[str]:
    """Return why this model cannot be promoted. The database stores these reasons in English.
    Therefore run the rules on the stored figures again, and return their phrases, which pages
    translate.
    """
    blocked = promotion_blocks(conn, model, running)
    if model.scores is None or "figures" not in model.scores:
        return blocked
    again = [one for some in blocks(comparison_of(model.scores)).values() for one in some]
    known = {one: one for one in again}
    return [known.get(one, one) for one in blocked]
