"""The decision tables of the product page, as pure functions. These modules import only the
standard library and this package."""
