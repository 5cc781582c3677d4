"""Compiles all templates once. A fork server that preloads this module gives them to every service,
which would otherwise compile them for its first pages."""

from handoff_service.web.shared.rendering import environment

for name in environment().list_templates(extensions=["html"]):
    environment().get_template(name)
