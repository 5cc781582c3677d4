"""The admin menu: heading -> path under ``/workspace/admin`` -> label."""

from collections.abc import Mapping

from handoff_service.rules.shared.phrases import phrase

# supervisors may open these pages; all others are only for admins
FOR_SUPERVISORS = frozenset({"/outages", "/consents", "/figures"})
MENU: Mapping[str, Mapping[str, str]] = {
    phrase("Start"): {
        "/checklist": phrase("Checklist"),
    },
    phrase("People"): {
        "/users": phrase("Users"),
        "/profiles": phrase("Messaging profiles"),
        "/attributes": phrase("Attributes"),
        "/agents": phrase("Agents"),
    },
    phrase("Work"): {
        "/provider-numbers": phrase("Company numbers"),
        "/queues": phrase("Queues"),
        "/messaging-actions": phrase("Messaging actions"),
    },
    phrase("Records"): {
        "/consents": phrase("Consent"),
        "/figures": phrase("Texts and costs"),
        "/personal-data": phrase("Personal data"),
        "/audit": phrase("Audit log"),
    },
    phrase("Texts"): {
        "/texts": phrase("System messages"),
        "/templates": phrase("Templates"),
        "/labels": phrase("Labels"),
        "/macros": phrase("Macros"),
        "/outages": phrase("Outages"),
    },
    phrase("Desk"): {
        "/desk": phrase("Desk settings"),
        "/sign-in": phrase("Sign-in"),
        "/webhooks": phrase("Webhooks"),
        "/service-tokens": phrase("Service tokens"),
        "/mail": phrase("Mail"),
        "/desk-file": phrase("Import and export"),
        "/restored": phrase("Restored sends"),
        "/retention": phrase("Retention"),
    },
}
#: path of a list -> kind of records in it that can be deleted -> heading of the page with the
#: deleted records
DELETED: Mapping[str, Mapping[str, str]] = {
    "/users": {"users": phrase("Deleted users")},
    "/agents": {"agents": phrase("Deleted agents"), "groups": phrase("Deleted groups")},
    "/provider-numbers": {"provider-numbers": phrase("Deleted company numbers")},
    "/queues": {"queues": phrase("Deleted queues")},
    "/messaging-actions": {"messaging-actions": phrase("Deleted messaging actions")},
    "/templates": {"templates": phrase("Deleted templates")},
    "/labels": {"labels": phrase("Deleted labels")},
    "/attributes": {"attributes": phrase("Deleted attributes")},
    "/macros": {"macros": phrase("Deleted macros")},
    "/outages": {"outages": phrase("Deleted outages")},
    "/sign-in": {"identity-providers": phrase("Deleted identity providers")},
    "/webhooks": {"webhooks": phrase("Deleted webhooks")},
    "/desk": {
        "presence-states": phrase("Deleted presence states"),
        "reject-reasons": phrase("Deleted reasons to reject"),
    },
}


def menu_for(*, admin: bool) -> Mapping[str, Mapping[str, str]]:
    """Return the menu for an admin or, if ``admin`` is false, for a supervisor."""
    if admin:
        return MENU
    return {
        h: {at: called for at, called in pages.items() if at in FOR_SUPERVISORS}
        for h, pages in MENU.items()
    }
