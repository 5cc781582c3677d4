"""The tables of the product page, and nothing else. Pure: the standard library and this package only."""
