"""The fields of the desk's own settings: their types, limits and errors."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from handoff_service.operations.shared.field_types import Country, Roles, TimeZone
from handoff_service.rules.delivery import quiet_hours
from handoff_service.rules.privacy.kinds import BY_DAY, KINDS, LONGEST_DAYS, KeptKind
from handoff_service.rules.routing import offer_card
from handoff_service.rules.shared.phrases import joined, phrase
from handoff_service.rules.virtual_agent import commands
from handoff_service.rules.virtual_agent.commands import Command

Text = Annotated[str, Field(min_length=1, max_length=200)]


Days = Annotated[int, Field(ge=0, le=LONGEST_DAYS)]


KEEP = {
    KeptKind.TEXTS: phrase("Keep texts (days)"),
    KeptKind.MEDIA: phrase("Keep media (days)"),
    KeptKind.NOTES: phrase("Keep notes (days)"),
    KeptKind.WORK_LOGS: phrase("Keep work logs (days)"),
    KeptKind.CONVERSATIONS: phrase("Keep conversations (days)"),
    KeptKind.TRAINER_ITEMS: phrase("Keep trainer items (days)"),
    KeptKind.AUDIT: phrase("Keep audit log (days)"),
}


def _kept(kind: KeptKind) -> FieldInfo:
    """The field for the number of days after which retention removes a kind of content."""
    when = (
        phrase("Retention removes this content when it is this many days old. 0: kept forever.")
        if kind in BY_DAY
        else phrase(
            "Retention removes this content this many days after the conversation was closed. "
            "0: kept forever."
        )
    )
    return Field(title=KEEP[kind], description=joined(" ", (KINDS[kind].removes, when)))


def _card_fields(value: list[str]) -> list[str]:
    if wrong := offer_card.error(value):
        raise ValueError(wrong)
    return value


def _commands(value: dict[Command, list[str]]) -> dict[Command, list[str]]:
    if wrong := commands.error(value):
        raise ValueError(wrong)
    return value


def _same_answers(value: int) -> int:
    if value == 1:
        raise ValueError(phrase("must be 0 for never, or at least 2"))
    return value


def _quiet_hours(value: str | None) -> str | None:
    if value:
        quiet_hours.parse(value)
    return value or None


class DeskEntry(BaseModel):
    """The desk's settings.

    - ``commands``: the words for each command. A command that is left out has its default words. A
      command with an empty list has no words.
    - ``quiet_hours``: hours by the requester's clock, such as 21:00-08:00; empty: no quiet hours.
    - ``countries``: the countries that may be texted; empty: all countries.
    - ``most_in_range``: the most automatic replies per hour to the unknown numbers of one range,
      which is a block of 10,000 numbers; 0: no limit. Further replies of the virtual agent to the
      same number do not count.
    - ``most_unknown_hourly``, ``most_unknown_daily``: the most automatic replies to all unknown
      numbers; 0: no limit.
    - ``thanks_minutes``: how long after closing a thank-you stays in the closed conversation; 0:
      only until the satisfaction question is sent.
    - ``queue_unanswerable``: whether texts from senders that nobody can text back enter a queue.
    - ``ask_topic``: whether an agent who closes a conversation must choose a label as its topic.
    - ``password_off_roles``: agents with any of these roles sign in only with an identity provider.
    - ``second_factor_roles``: agents with any of these roles need a second factor.

    The admin's page shows an input for each number that has a ``title``, so a new one needs no
    change of the template.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    country: Country = "US"
    time_zone: TimeZone = "UTC"
    reassign_when_away: bool = False
    away_after_seconds: Annotated[int, Field(ge=5, le=3600)] = 45
    card_fields: Annotated[list[Text], AfterValidator(_card_fields)] = []
    commands: Annotated[dict[Command, list[str]], AfterValidator(_commands)] = {}
    same_answers: Annotated[
        int,
        Field(
            ge=0,
            le=20,
            title=phrase("Identical answers in a row"),
            description=phrase(
                "A person takes over after this many identical answers. Applies to "
                "virtual agents that do not report intents. 0: never."
            ),
        ),
        AfterValidator(_same_answers),
    ] = 2
    quiet_hours: Annotated[str | None, AfterValidator(_quiet_hours)] = None
    most_answers: Annotated[
        int,
        Field(
            ge=5,
            le=1000,
            title=phrase("Replies in ten minutes"),
            description=phrase(
                "To stop bot loops, a person takes over after this many replies from the "
                "virtual agent to one number. From 5 to 1000."
            ),
        ),
    ] = 30
    countries: list[Country] = []
    most_in_range: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            title=phrase("Automatic replies per hour to one range of numbers"),
            description=phrase(
                "Limits SMS pumping. A range is a block of 10,000 numbers that differ "
                "only in the last four digits. Further replies of the virtual agent to the same "
                "number do not count. These three limits apply to numbers on no user's record; "
                "agents can always reply. 0: no limit."
            ),
        ),
    ] = 20
    most_unknown_hourly: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            title=phrase("Automatic replies per hour to all unknown numbers"),
            description=phrase("0: no limit."),
        ),
    ] = 200
    most_unknown_daily: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            title=phrase("Automatic replies per day to all unknown numbers"),
            description=phrase("0: no limit."),
        ),
    ] = 1000
    thanks_minutes: Annotated[
        int,
        Field(
            ge=0,
            le=1440,
            title=phrase("Keep thank-you texts in the closed conversation (minutes)"),
            description=phrase(
                "On numbers that live agents answer first, a thank-you or thumbs-up in this time "
                "does not start a new conversation. From 0 to 1440. 0: off. If the desk is about "
                "to ask how it went, the same applies on every number until it asks."
            ),
        ),
    ] = 10
    queue_unanswerable: bool = False
    ask_topic: bool = False
    keep_texts_days: Annotated[Days, _kept(KeptKind.TEXTS)] = 0
    keep_media_days: Annotated[Days, _kept(KeptKind.MEDIA)] = 0
    keep_notes_days: Annotated[Days, _kept(KeptKind.NOTES)] = 0
    keep_conversations_days: Annotated[Days, _kept(KeptKind.CONVERSATIONS)] = 0
    keep_work_logs_days: Annotated[Days, _kept(KeptKind.WORK_LOGS)] = 0
    keep_trainer_items_days: Annotated[Days, _kept(KeptKind.TRAINER_ITEMS)] = 0
    keep_audit_days: Annotated[Days, _kept(KeptKind.AUDIT)] = 0
    password_off_roles: Roles = []
    second_factor_roles: Roles = []
