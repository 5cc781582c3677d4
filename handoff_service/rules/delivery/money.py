"""Money as integer millionths of a currency (ISO 4217), because a text costs less than a cent."""

MILLION = 1_000_000


def in_currency(millionths: int) -> str:
    """The amount as a decimal number with at least two places and no more than it needs: 0.0083,
    12.50."""
    whole, part = divmod(millionths, MILLION)
    return f"{whole}.{f'{part:06}'.rstrip('0'):0<2}"
