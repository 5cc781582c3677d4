"""Compiles all templates once. Every service that a fork server starts after preloading this module
has the compiled templates. Otherwise each service would compile them for its first pages.
"""

from handoff_service.web.shared.rendering import environment

for name in environment().list_templates(extensions=["html"]):
    environment().get_template(name)
