"""How Sphinx builds the documentation site: `make docs`."""

project = "Patchboard"
author = "The Patchboard developers"
extensions = ["myst_parser"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Patchboard"
exclude_patterns = ["_build"]
