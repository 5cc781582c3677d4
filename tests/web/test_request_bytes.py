"""The service refuses invalid bytes, impossible ids and requests from other sites' pages. Every
answer has its security headers.
"""

from pathlib import Path

import pytest

from tests.web.test_fuzz import answer_to
from tests.web.workspace_server import running

FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
ASKED = [
    (b"GET /api/v1/users HTTP/1.1\r\nAuthorization: Bearer \xff\r\n", b"", b"400"),
    (b"GET /workspace HTTP/1.1\r\nCookie: patchboard=\xff\r\n", b"", b"400"),
    (b"POST /bot/actions HTTP/1.1\r\nAuthorization: Bearer \xff\r\n", b"{}", b"400"),
    (b"POST /sign-in HTTP/1.1\r\nOrigin: http://[bad\r\n" + FORM, b"email=a&password=b", b"403"),
    (
        b"POST /sign-in HTTP/1.1\r\nOrigin: http://evil.example\r\nHost: evil.example\r\n" + FORM,
        b"a=b",
        b"403",
    ),
    (
        b"POST /sign-in HTTP/1.1\r\nOrigin: http://127.0.0.1:8000\r\n" + FORM,
        b"email=a&password=b",
        b"401",
    ),
    (b"POST /sign-in HTTP/1.1\r\n" + FORM, b"email=a%00&password=b", b"400"),
    (b"GET /workspace/search?q=%00 HTTP/1.1\r\n", b"", b"400"),
    (b"GET /workspace/conversations/9223372036854775808 HTTP/1.1\r\n", b"", b"404"),
    (
        b"POST /bot/actions HTTP/1.1\r\nAuthorization: Bearer bot\r\n",
        b'{"next_action": "a", "tracker": [',
        b"400",
    ),
]


LABELS = [
    "invalid bytes in a token", "invalid bytes in a cookie", "invalid bytes in the bot's token",
    "an invalid origin", "another site", "the desk's own origin", "a NUL in a form",
    "a NUL in a query", "a huge id", "incomplete JSON",
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "status"), ASKED, ids=LABELS)
async def test_a_bad_request_is_refused_with_its_status(
    tmp_path: Path, head: bytes, body: bytes, status: bytes
) -> None:
    host = b"" if b"Host:" in head else b"Host: a\r\n"
    async with running(tmp_path, PATCHBOARD_BOT_TOKEN="bot") as desk:
        rest = b"%sContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (host, len(body), body)
        answer = await answer_to(desk.address, head + rest)
    assert answer[9:12] == status, answer


async def test_every_answer_has_its_security_headers(tmp_path: Path) -> None:
    async with running(tmp_path, PATCHBOARD_PUBLIC_URL="https://sms.example.com") as desk:
        for path in (b"/sign-in", b"/webhooks/twilio/sms", b"/api/v1/users"):
            head = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % path
            answer = (await answer_to(desk.address, head)).lower()
            for name in (
                b"strict-transport-security",
                b"x-content-type-options",
                b"content-security-policy",
            ):
                assert name in answer, (path, name)
