"""The sentences that say why the desk did not keep a picture or a file. The file's record has the
sentence."""

from handoff_service.rules.conversations import media
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.stored_sentences import recognized

STORE_SILENT = phrase("The media store of this desk does not answer.")
FOREIGN = phrase("It was not downloaded, because its address is not the provider's.")
TOO_LARGE = phrase("It is larger than {most}.")
STOPPING = phrase("Patchboard is stopping.")
NOT_IN_TIME = phrase("The provider did not answer in time.")
NOT_REACHED = phrase("The provider could not be reached.")
REDIRECTED = phrase("The provider redirected us too many times.")
NOT_FOUND = phrase("The provider does not have it (404).")
REFUSED = phrase("The provider refused the download ({status}).")
LOST = phrase("The connection to the provider was lost.")
OTHER_PHONE = phrase("It is not on this phone.")
GONE = phrase("The phone does not have it any more.")
PHONE_ANSWERED = phrase("The phone answered {status}.")
PHONE_SILENT = phrase("The phone could not be asked: {why}")
NOT_SIMULATED = phrase("The simulator does not have it.")
_ALL = (
    *(STORE_SILENT, FOREIGN, TOO_LARGE, STOPPING, NOT_IN_TIME, NOT_REACHED, REDIRECTED),
    *(NOT_FOUND, REFUSED, LOST, OTHER_PHONE, GONE, PHONE_ANSWERED, PHONE_SILENT, NOT_SIMULATED),
    *media.REFUSALS,
)


def media_failure(why: str) -> str:
    """A stored sentence as a phrase, so that it can be translated. Other text is returned
    unchanged."""
    return recognized(why, _ALL)
