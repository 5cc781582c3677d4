"""The trainer's pages: address under ``/workspace/trainer`` -> what the page is called."""

TABS: tuple[tuple[str, str], ...] = (
    ("", "Teach"),
    ("/intents", "Intents"),
    ("/replies", "Replies"),
    ("/train", "Train and compare"),
    ("/models", "Models"),
)
