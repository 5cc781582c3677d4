"""The tabs of the trainer's pages: path under ``/workspace/trainer`` and name of each page."""

from handoff_service.rules.shared.phrases import phrase

TABS: tuple[tuple[str, str], ...] = (
    ("", phrase("Teach")),
    ("/intents", phrase("Intents")),
    ("/replies", phrase("Replies")),
    ("/train", phrase("Train and compare")),
    ("/models", phrase("Models")),
)
