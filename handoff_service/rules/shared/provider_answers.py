"""The stored sentences that say why a provider did not do what the desk requested."""

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
    "The provider does not offer its list of consents to this account: ask the provider's support "
    "for it"
)
STILL_SENDING = phrase("The provider is still sending the text.")
TOO_MANY_REQUESTS = phrase("The provider accepts no more requests now.")
ERASURE_REFUSED = phrase("The provider refused ({code}).")
NOT_ASKED = phrase("The provider could not be asked: {words}")
ANSWERS = (
    *(PHONE_KEEPS_NO_CONSENTS, PHONE_CANNOT_ERASE, NO_CONSENT_API),
    *(STILL_SENDING, TOO_MANY_REQUESTS, ERASURE_REFUSED, NOT_ASKED),
)
