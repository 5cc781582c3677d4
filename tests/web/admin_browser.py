"""A browser in which Grace, the tests' admin, is signed in."""

import re
from dataclasses import dataclass

from tests.web.workspace_server import Answer, Visitor

#: a desk file that adds Grace to ``tests/desk.toml``
GRACE = """[[agents]]
email = "grace@example.com"
name = "Grace Okafor"
password = "demo-grace"
roles = ["admin"]
capacity = 0
"""


@dataclass(frozen=True, slots=True)
class Admin(Visitor):
    """A browser in which an admin is signed in."""

    async def send(self, path: str, **fields: str) -> Answer:
        """Post an admin form, with the form token from its page."""
        found = re.search(
            r'<meta name="csrf" content="(\w+)">', (await self.get("/workspace/admin/users")).text
        )
        assert found is not None
        return await self.post(f"/workspace/admin{path}", csrf=found[1], **fields)
