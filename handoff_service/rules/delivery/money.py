"""Money, which is kept as whole millionths of a currency (ISO 4217): a text costs less than a cent."""

from collections.abc import Mapping

MILLION = 1_000_000


def in_currency(millionths: int) -> str:
    """The amount as a decimal number, with two places or as many as it needs: 0.0083, 12.50."""
    whole, part = divmod(millionths, MILLION)
    return f"{whole}.{f'{part:06}'.rstrip('0'):0<2}"


def describe(costs: Mapping[str, int]) -> str:
    """A sum for people, to the cent: 12.50 USD. Several currencies stand beside each other; nothing for none."""
    return ", ".join(f"{(cost + 5_000) // 10_000 / 100:,.2f} {currency}" for currency, cost in sorted(costs.items()))
