"""Numbers with their nouns."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 text``, ``2 texts``. ``many``: the plural; None: ``one`` with an s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
