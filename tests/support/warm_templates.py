"""Loads all templates. Every service that a fork server starts after preloading this module has the
compiled templates. Otherwise each service would compile them for its first pages.
"""

from handoff_service.web.shared.rendering import environment
from tests.support.compiled_templates import share_compiled_templates

share_compiled_templates()
for name in environment().list_templates(extensions=["html"]):
    environment().get_template(name)
