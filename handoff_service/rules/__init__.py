"""The decision tables of docs/product.md, as pure functions. These modules import only the standard
library and this package."""
