"""Money as integer millionths of a currency (ISO 4217), because a text costs less than a cent."""

MILLION = 1_000_000


def in_currency(millionths: int) -> str:
    """The amount as a decimal number with two decimal places, or more if it needs more: 12.50,
    0.0083."""
    whole, part = divmod(millionths, MILLION)
    return f"{whole}.{f'{part:06}'.rstrip('0'):0<2}"
