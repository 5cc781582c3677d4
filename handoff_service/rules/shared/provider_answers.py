"""Why a provider did not do what the desk asked: the sentences that are stored."""

from handoff_service.rules.shared.phrases import phrase

PHONE_KEEPS_NO_CONSENTS = phrase(
    "A phone keeps no list of opt-outs. Patchboard itself holds back texts to people who have "
    "opted out"
)
PHONE_CANNOT_ERASE = phrase(
    "The app on the phone cannot erase a text over the network. Delete the texts with this number "
    "in the phone's own messaging app and in the app's list"
)
NO_CONSENT_API = phrase(
    "Twilio does not offer its Consent Management API to this account: ask Twilio's support for it"
)
TWILIO_SENDING = phrase("Twilio is still sending the text.")
TWILIO_BUSY = phrase("Twilio accepts no more requests now.")
TWILIO_REFUSED = phrase("Twilio refused ({code}).")
TWILIO_SILENT = phrase("Twilio could not be asked: {words}")
ANSWERS = (
    *(PHONE_KEEPS_NO_CONSENTS, PHONE_CANNOT_ERASE, NO_CONSENT_API, TWILIO_SENDING, TWILIO_BUSY),
    *(TWILIO_REFUSED, TWILIO_SILENT),
)
