"""Decision tables of the product page, and nothing else. Pure: imports the standard library and
this package only."""
