"""The steps of an erasure, in order, and the sentences of its receipt."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum

from handoff_service.rules.shared.phrases import Phrase, phrase


class ErasureStep(StrEnum):
    """The steps of an erasure."""

    CLOSE = "close"
    EXAMPLES = "examples"
    ROWS = "rows"
    BOT = "bot"
    PERSON = "person"
    MENTIONS = "mentions"
    INDEX = "index"
    FILE = "file"
    COPIES = "copies"


class ErasureState(StrEnum):
    RUNNING = "running"
    DONE = "done"


ERASURE_STATES: Mapping[ErasureState, str] = {
    ErasureState.RUNNING: phrase("Running"),
    ErasureState.DONE: phrase("Done"),
}


class CopyState(StrEnum):
    """Whether the provider has erased its copy of a text."""

    WAITING = "waiting"
    ERASED = "erased"
    REFUSED = "refused"


#: Each step in words, for the page.
DOES: Mapping[ErasureStep, str] = {
    ErasureStep.CLOSE: phrase("Closing open conversations without a text"),
    ErasureStep.EXAMPLES: phrase("Removing training examples"),
    ErasureStep.ROWS: phrase("Emptying conversations and deleting media"),
    ErasureStep.BOT: phrase("Deleting the virtual agent's memory"),
    ErasureStep.PERSON: phrase("Deleting the person's record"),
    ErasureStep.MENTIONS: phrase("Removing the name and number from other conversations"),
    ErasureStep.INDEX: phrase("Rewriting the search index"),
    ErasureStep.FILE: phrase("Rewriting the database file"),
    ErasureStep.COPIES: phrase("Erasing the provider's copies"),
}
ORDER: Sequence[ErasureStep] = tuple(ErasureStep)
REPLACEMENT = "[erased]"  # replaces a name or number in other people's conversations
# bytes of SQLite's file; a larger file is rewritten at night (see docs/performance.md)
COMPACT_AT_ONCE = 300_000_000
# attempts to reach the bot's server, or to rewrite SQLite's file, before the receipt says that the
# step was not done
ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=1)
COPIES_FOR = timedelta(days=7)  # how long Patchboard repeats a request to the provider

BACKUPS = phrase(
    "Backups that were made before {when} still hold this person. Delete them. After "
    "restoring one, erase the person again."
)
TICKETS = phrase(
    "The ticket system that a webhook calls has its own copies. Delete these tickets there: "
    "{numbers}."
)
TICKETS_WITHOUT_NUMBERS = phrase(
    "The ticket system that a webhook calls has its own copies of cases ({count}). Delete them "
    "there."
)
MODELS = phrase(
    "Models that were trained before {when} may have learned from this person's texts. Train and "
    "promote a new model, then delete the old files."
)
BOT_FAILED = phrase(
    "The virtual agent's memory was not deleted. Delete it by hand on the virtual agent's server. "
    "The last error: {why}"
)
BOT_CANNOT = phrase(
    "The virtual agent's server cannot delete conversations. Delete these conversations there by "
    "hand: {senders}."
)
COPIES_REFUSED = phrase(
    "The provider did not erase some texts ({count}). Erase its copies in your account there. "
    "The reason: {why}"
)
METADATA = phrase(
    "The provider keeps the numbers and times of texts for its own records, without their words."
)

SHARED = phrase(
    "{number} is also on the record of {name}, so the data of the number stays. To erase that data "
    "as well, erase the number."
)
FILE_BUSY = phrase(
    "The database file could not be rewritten, because something kept reading it. Its free space "
    "may hold erased data until the next erasure."
)
POSTGRES = phrase(
    "PostgreSQL has removed the erased rows. Its write-ahead log and its own backups keep them for "
    "some time. Delete the backups."
)
EARLIER_VERSIONS = phrase(
    "{where} may keep earlier versions of the files. If versioning is on, the bucket's lifecycle "
    "rule deletes them."
)
EXAMPLE_STAYS = phrase(
    "A training example was not removed. Remove it from the training data by hand. The reason: "
    "{why}"
)


#: the sentences of a receipt
LEFT: Sequence[Phrase] = (
    BACKUPS,
    TICKETS,
    TICKETS_WITHOUT_NUMBERS,
    MODELS,
    BOT_FAILED,
    BOT_CANNOT,
    COPIES_REFUSED,
    METADATA,
    SHARED,
    FILE_BUSY,
    POSTGRES,
    EXAMPLE_STAYS,
    EARLIER_VERSIONS,
)


def wait(attempts: int) -> timedelta:
    """The pause before the next attempt at another server."""
    return min(timedelta(seconds=10 * 2 ** min(attempts, 12)), LONGEST_WAIT)


def following(step: ErasureStep) -> ErasureStep | None:
    """The step after this one; None after the last."""
    place = ORDER.index(step) + 1
    return ORDER[place] if place < len(ORDER) else None
