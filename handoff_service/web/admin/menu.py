"""The admin's menu: heading -> address under ``/workspace/admin`` -> what the page is called there."""

from collections.abc import Mapping

MENU: Mapping[str, Mapping[str, str]] = {
    "People": {
        "/users": "Users",
        "/profiles": "Messaging profiles",
        "/agents": "Agents",
    },
    "Numbers": {
        "/provider-numbers": "Provider numbers",
    },
    "Work": {
        "/queues": "Queues",
        "/messaging-actions": "Messaging actions",
    },
    "Words": {
        "/texts": "System messages",
        "/templates": "Templates",
    },
    "Desk": {
        "/desk": "Time and country",
        "/desk-file": "Import and export",
    },
}
