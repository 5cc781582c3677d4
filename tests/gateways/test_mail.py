"""Mail by SMTP, with a real server (aiosmtpd), and the demo's mailbox pass one contract."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from handoff_service.doctor.examine import examine
from handoff_service.gateways.mail.mailbox import Mailbox
from handoff_service.gateways.mail.smtp import Server, SmtpMailer, server_of
from handoff_service.ports.mail import Mail, Mailed, NotMailed
from handoff_service.settings import read
from handoff_service.store.engine.migrate import migrate
from tests.support.service import free_port

MAIL = Mail(
    to="ann@example.com", subject="Your code for Northwind IT", body="It is 042617.\n\nTschüß\n"
)


class Inbox:
    """The mails that a server has received, and the recipients that it refuses: local part -> the
    answer to RCPT.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.safely: list[bool] = []
        self.refuses = {"nobody": "550 5.1.1 No such user", "later": "451 4.3.0 Try again"}

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: object
    ) -> str:
        refusal = self.refuses.get(address.partition("@")[0])
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.safely.append(session.ssl is not None)
        return "250 Kept"


def knows_desk(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    right = (getattr(given, "login", b""), getattr(given, "password", b"")) == (
        b"desk@example.com",
        b"p@ss",
    )
    return AuthResult(success=right, handled=False)


@contextmanager
def serving(inbox: Inbox, **options: object) -> Iterator[int]:
    """Run a server on a free port of this computer."""
    port = free_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port, **options)  # type: ignore[arg-type]
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """Return a context with a self-signed certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=mail.example.com",
            ),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def mailer(url: str) -> SmtpMailer:
    return SmtpMailer(server_of(url, own_host="desk.example.com"))


class MailerContract:
    """The contract of every mailer."""

    @pytest.fixture
    async def mailer(self) -> tuple[object, object]:
        """Return the mailer, and a function that returns (to, subject, body) of each sent mail."""
        raise NotImplementedError

    async def test_a_mail_arrives_unchanged(self, mailer) -> None:  # type: ignore[no-untyped-def]
        sends, sent = mailer
        assert await sends.send(MAIL) == Mailed()
        assert sent() == [(MAIL.to, MAIL.subject, MAIL.body)]

    async def test_simultaneous_mails_all_arrive(self, mailer) -> None:  # type: ignore[no-untyped-def]
        sends, sent = mailer
        await asyncio.gather(*(sends.send(MAIL) for _ in range(5)))
        assert len(sent()) == 5


class TestSmtp(MailerContract):
    @pytest.fixture
    async def mailer(self) -> AsyncIterator[tuple[object, object]]:
        inbox = Inbox()
        with serving(inbox) as port:
            yield (
                mailer(f"smtp://127.0.0.1:{port}"),
                lambda: [
                    (m["To"], m["Subject"], m.get_content().replace("\r\n", "\n"))
                    for m in inbox.mails
                ],
            )


class TestMailbox(MailerContract):
    @pytest.fixture
    async def mailer(self) -> tuple[object, object]:
        kept = Mailbox(lambda: datetime(2026, 11, 23, 14, 0, tzinfo=UTC))
        return kept, lambda: [
            (one.mail.to, one.mail.subject, one.mail.body) for one in kept.mails()
        ]


async def test_a_mail_has_the_required_headers() -> None:
    inbox = Inbox()
    with serving(inbox) as port:
        await mailer(f"smtp://127.0.0.1:{port}").send(MAIL)
    (mail,) = inbox.mails
    assert (mail["From"], mail["Auto-Submitted"]) == (
        "patchboard@desk.example.com",
        "auto-generated",
    )
    assert mail["Message-ID"].endswith("@desk.example.com>")


@pytest.mark.parametrize(
    ("to", "why", "again"),
    [
        ("nobody@example.com", "rejects this address (550)", False),
        ("later@example.com", "(451)", True),
    ],
)
async def test_a_refused_address_is_a_final_or_a_temporary_failure(
    to: str, why: str, again: bool
) -> None:
    with serving(Inbox()) as port:
        result = await mailer(f"smtp://127.0.0.1:{port}").send(Mail(to=to, subject="x", body="x"))
    assert isinstance(result, NotMailed)
    assert (why in result.why, result.again, to in result.why) == (True, again, False)


NO_SIGN_IN = "the mail server does not offer a sign-in method that Patchboard supports"
SIGN_INS = {
    "no sign-in without encryption": ({}, "me:secret", NO_SIGN_IN),
    "only a method that Patchboard lacks": (
        {"auth_exclude_mechanism": ["LOGIN", "PLAIN"], "auth_require_tls": False},
        "me:secret",
        NO_SIGN_IN,
    ),
    "a password that cannot be sent": (
        {"authenticator": knows_desk, "auth_require_tls": False},
        "me:contrase%C3%B1a",
        "the mail server's user name and password can have only ASCII characters",
    ),
}


@pytest.mark.parametrize(("options", "person", "why"), SIGN_INS.values(), ids=SIGN_INS)
async def test_a_refused_sign_in_is_not_retried(
    options: dict[str, object], person: str, why: str
) -> None:
    with serving(Inbox(), **options) as port:
        by_smtp = mailer(f"smtp://{person}@127.0.0.1:{port}")
        assert await by_smtp.send(MAIL) == NotMailed(why=why, again=False)
        assert await by_smtp.check() == why


async def test_an_address_with_accents_requires_a_server_that_accepts_it() -> None:
    mail = Mail(to="josé@example.com", subject="x", body="x")
    inbox = Inbox()
    with serving(inbox, enable_SMTPUTF8=True) as port:
        assert await mailer(f"smtp://127.0.0.1:{port}").send(mail) == Mailed()
    assert inbox.mails[0]["To"] == mail.to
    with serving(Inbox(), enable_SMTPUTF8=False) as port:
        result = await mailer(f"smtp://127.0.0.1:{port}").send(mail)
    assert result == NotMailed(
        why="the mail server does not accept addresses with accents or other non-ASCII letters",
        again=False,
    )


async def test_an_unreachable_server_is_retried() -> None:
    with serving(Inbox()) as port:
        pass
    result = await mailer(f"smtp://127.0.0.1:{port}").send(MAIL)
    assert result == NotMailed(why="the mail server cannot be reached", again=True)


async def test_the_mailer_signs_in_over_starttls(tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    with serving(inbox, tls_context=tls, authenticator=knows_desk, auth_required=True) as port:
        url = f"smtp://desk%40example.com:p%40ss@127.0.0.1:{port}"
        assert await mailer(url).check() is None
        assert await mailer(url).send(MAIL) == Mailed()
        wrong = await mailer(f"smtp://desk%40example.com:wrong@127.0.0.1:{port}").send(MAIL)
    assert (inbox.mails[0]["From"], inbox.safely) == ("desk@example.com", [True])
    assert wrong == NotMailed(
        why="the mail server rejects the user name or password (535)", again=False
    )


async def test_tls_requires_a_valid_certificate_except_on_this_computer(
    tls: ssl.SSLContext,
) -> None:
    inbox = Inbox()
    with serving(inbox, ssl_context=tls) as port:
        here = server_of(f"smtps://127.0.0.1:{port}?from=help@example.com", own_host="x")
        assert await SmtpMailer(here).send(MAIL) == Mailed()

        class Elsewhere(Server):
            is_local = False  # type: ignore[assignment]

        fields = {name: getattr(here, name) for name in Server.__dataclass_fields__}
        refused = await SmtpMailer(Elsewhere(**fields)).send(MAIL)
    assert [mail["From"] for mail in inbox.mails] == ["help@example.com"]
    assert isinstance(refused, NotMailed)
    assert ("cannot be reached over an encrypted connection" in refused.why, refused.again) == (
        True,
        False,
    )


async def test_the_doctor_checks_mail(tmp_path: Path) -> None:
    with serving(Inbox()) as port:
        environ = {"PATCHBOARD_HOME": str(tmp_path), "PATCHBOARD_BOT_URL": ""}
        environ["PATCHBOARD_SMTP_URL"] = f"smtp://me:hunter2@127.0.0.1:{port}"
        settings = read(environ)
        await asyncio.to_thread(migrate, settings.database_url)
        said = StringIO()
        await examine(settings, said)
    assert (
        "ERROR  Mail cannot be sent with PATCHBOARD_SMTP_URL: the mail server does not offer a "
        "sign-in method that Patchboard supports" in (said.getvalue())
    )
    assert "hunter2" not in said.getvalue()
