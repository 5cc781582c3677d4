"""The admin's menu: heading -> address under ``/workspace/admin`` -> what the page is called there."""

from collections.abc import Mapping

MENU: Mapping[str, Mapping[str, str]] = {
    "People": {
        "/users": "Users",
    },
    "Numbers": {
        # the company's own
    },
    "Work": {
        # who gets what
        "/messaging-actions": "Messaging actions",
    },
    "Words": {
        # the product's
        # the agents'
    },
    "Desk": {
        # where and when
        # all of it in one file
    },
}
