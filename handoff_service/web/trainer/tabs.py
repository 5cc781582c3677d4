"""The trainer's pages: address under ``/workspace/trainer`` -> the name of the page."""

from handoff_service.rules.shared.phrases import phrase

TABS: tuple[tuple[str, str], ...] = (
    ("", phrase("Teach")),
    ("/intents", phrase("Intents")),
    ("/replies", phrase("Replies")),
    ("/train", phrase("Train and compare")),
    ("/models", phrase("Models")),
)
