"""The admin menu: heading -> address under ``/workspace/admin`` -> label."""

from collections.abc import Mapping

# only admins may open the other pages
FOR_SUPERVISORS = frozenset({"/outages", "/consents", "/figures"})
MENU: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "/checklist": "Checklist",
    },
    "People": {
        "/users": "Users",
        "/profiles": "Messaging profiles",
        "/attributes": "Attributes",
        "/agents": "Agents",
    },
    "Work": {
        "/provider-numbers": "Company numbers",
        "/queues": "Queues",
        "/messaging-actions": "Messaging actions",
    },
    "Records": {
        "/consents": "Consent",
        "/figures": "Texts and costs",
        "/personal-data": "Personal data",
        "/audit": "Audit log",
    },
    "Texts": {
        "/texts": "System messages",
        "/templates": "Templates",
        "/labels": "Labels",
        "/macros": "Macros",
        "/outages": "Outages",
    },
    "Desk": {
        "/desk": "Desk settings",
        "/sign-in": "Sign-in",
        "/webhooks": "Webhooks",
        "/service-tokens": "Service tokens",
        "/mail": "Mail",
        "/desk-file": "Import and export",
        "/restored": "Restored sends",
        "/retention": "Retention",
    },
}
#: Address of a list -> the kinds of records on it that can be deleted, with their names.
DELETED: Mapping[str, Mapping[str, str]] = {
    "/users": {"users": "users"},
    "/agents": {"agents": "agents", "groups": "groups"},
    "/provider-numbers": {"provider-numbers": "company numbers"},
    "/queues": {"queues": "queues"},
    "/messaging-actions": {"messaging-actions": "messaging actions"},
    "/templates": {"templates": "templates"},
    "/labels": {"labels": "labels"},
    "/attributes": {"attributes": "attributes"},
    "/macros": {"macros": "macros"},
    "/outages": {"outages": "outages"},
    "/sign-in": {"identity-providers": "identity providers"},
    "/webhooks": {"webhooks": "webhooks"},
    "/desk": {"presence-states": "presence states", "reject-reasons": "reasons to reject"},
}


def menu_for(*, admin: bool) -> Mapping[str, Mapping[str, str]]:
    """Return the pages of the menu that an admin or a supervisor may open."""
    if admin:
        return MENU
    return {
        h: {at: called for at, called in pages.items() if at in FOR_SUPERVISORS}
        for h, pages in MENU.items()
    }
