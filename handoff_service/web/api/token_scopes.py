"""The scope that a service token needs for each API call.

The first matching row of ``TABLE`` applies. Without a matching row, a call under the name of an
``admin:`` scope, such as ``/v1/queues`` for ``admin:queues``, needs that scope. Only people may
make any other call, until somebody adds a row for it.
"""

import re

from handoff_service.rules.desk.service_tokens import Scope

READ, WRITE, ANY = "GET", "POST|PUT|PATCH|DELETE", "GET|POST|PUT|PATCH|DELETE"
PEOPLE = None
_ONE = r"interactions/<id:int>"
_NOUNS = "|".join(one.removeprefix("admin:") for one in Scope if one.startswith("admin:"))
#: (methods, path under /v1, scope)
TABLE: tuple[tuple[str, str, Scope | None], ...] = (
    # calls for people only: an agent's own lists, and settings that a program must not change
    (ANY, r"(agents/me|inbox|work-items|mentions|list-views|notification-targets).*", PEOPLE),
    (ANY, r"(trainer|practice-runs|service-tokens|login|logout|replays|bulk).*", PEOPLE),
    (ANY, r"(erasures|hand-outs|retention).*", PEOPLE),
    (ANY, r"(identity-providers|agents/<id:int>/(second-factor|identities)).*", PEOPLE),
    ("POST", r"conversations(/preview)?", Scope.TEXTS),
    ("POST", r"media", Scope.TEXTS),
    ("POST", rf"{_ONE}/(messages|notes|scheduled-texts)", Scope.TEXTS),
    (WRITE, rf"{_ONE}/scheduled-texts/.*", Scope.TEXTS),
    ("PATCH", _ONE, Scope.CONVERSATIONS),
    (WRITE, rf"{_ONE}/(labels/.*|close|transfer|return-to-bot|assign)", Scope.CONVERSATIONS),
    (WRITE, rf"{_ONE}/.*", PEOPLE),
    (WRITE, r"cases(/.*)?", Scope.CASES),
    (WRITE, r"consents", Scope.CONSENTS),
    (READ, r"audit", Scope.AUDIT),
    (READ, r".*", Scope.READ),
)


def scope_of(method: str, path: str) -> Scope | None:
    """Return the scope for a call, or None if only people may make it. ``path``: as in ``Call``,
    such as ``/v1/queues/<id:int>``."""
    under = path.removeprefix("/v1/")
    for methods, pattern, scope in TABLE:
        if re.fullmatch(methods, method) and re.fullmatch(pattern, under):
            return scope
    noun = re.fullmatch(rf"({_NOUNS})(/.*)?", under)
    return Scope(f"admin:{noun[1]}") if noun else PEOPLE
