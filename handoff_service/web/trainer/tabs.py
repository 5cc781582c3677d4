"""The trainer's pages: address under ``/workspace/trainer`` -> the name of the page."""

TABS: tuple[tuple[str, str], ...] = (
    ("", "Teach"),
    ("/intents", "Intents"),
    ("/replies", "Replies"),
    ("/train", "Train and compare"),
    ("/models", "Models"),
)
