"""Mail by SMTP. Mail is rare, so each mail uses its own connection.

``smtp://user:password@host:25?from=desk@example.com`` switches to TLS if the server offers it
(STARTTLS); ``smtps://`` (port 465) uses TLS from the start. Certificates are verified, except on a
loopback address. Reply codes: RFC 5321, section 4.2.1. A mail with a 4yz reply can be retried; with
a 5yz reply, it cannot. If the server rejects the user name or password, the mail is never retried.
"""

import asyncio
import ipaddress
import smtplib
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import parse_qs, unquote, urlsplit

from handoff_service.ports.mail import Mail, Mailed, NotMailed
from handoff_service.rules.shared.phrases import phrase

PATIENCE = 20  # seconds for each reply of the server
MAX_THREADS = 4  # threads; more mails wait for a free thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The mail server and the sender, from ``PATCHBOARD_SMTP_URL``."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str
    sender: str

    @property
    def is_local(self) -> bool:
        """Whether the server runs on this computer. The client then does not verify its
        certificate."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def server_of(url: str, *, own_host: str) -> Server:
    """Parse ``PATCHBOARD_SMTP_URL``. Without ``from``, the sender is the user name if it is an
    address, or else patchboard at ``own_host``."""
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    user = unquote(parts.username) if parts.username else None
    given = parse_qs(parts.query).get("from", [""])[0]
    return Server(
        host=parts.hostname or "",
        port=parts.port or (465 if tls else 25),
        tls=tls,
        user=user,
        password=unquote(parts.password or ""),
        sender=given or (user if user and "@" in user else f"patchboard@{own_host}"),
    )


class SmtpMailer:
    """Sends mail through one server. It uses its own threads, so a hanging server delays no other
    work."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="mail")

    async def send(self, mail: Mail) -> Mailed | NotMailed:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, mail)

    async def check(self) -> str | None:
        """Log in to the server. Returns why mail cannot be sent; None if it can."""
        return await asyncio.to_thread(self._check)

    def _send(self, mail: Mail) -> Mailed | NotMailed:
        try:
            with self._connected() as smtp:
                smtp.send_message(self._message(mail))
            return Mailed()
        except (smtplib.SMTPException, OSError) as error:
            return _refusal(error)

    def _check(self) -> str | None:
        try:
            with self._connected() as smtp:
                smtp.noop()
            return None
        except (smtplib.SMTPException, OSError) as error:
            return _refusal(error).why

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server, tls = self._server, ssl.create_default_context()
        if server.is_local:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        smtp = (
            smtplib.SMTP_SSL(server.host, server.port, timeout=PATIENCE, context=tls)
            if server.tls
            else smtplib.SMTP(server.host, server.port, timeout=PATIENCE)
        )
        with smtp:
            smtp.ehlo_or_helo_if_needed()
            if not server.tls and smtp.has_extn("starttls"):
                smtp.starttls(context=tls)
                smtp.ehlo()
            if server.user:
                _sign_in(smtp, server.user, server.password)
            yield smtp

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = (
            self._server.sender,
            mail.to,
            mail.subject,
        )
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = make_msgid(domain=self._server.sender.rsplit("@", 1)[-1])
        # asks other systems not to send automatic replies: RFC 3834
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body)
        return message


class _NoSignIn(smtplib.SMTPException):
    """Sign-in fails until an admin changes the server or its settings."""


def _sign_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in. Raises ``_NoSignIn`` if a retry cannot help. smtplib raises a plain SMTPException if
    the server offers no supported sign-in method, so this turns only that one into
    ``_NoSignIn``."""
    if not f"{user}{password}".isascii():
        raise _NoSignIn(
            phrase("the mail server's user name and password can have only ASCII characters")
        )
    try:
        smtp.login(user, password)
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise
    except smtplib.SMTPException as error:
        raise _NoSignIn(
            phrase("the mail server does not offer a sign-in method that Patchboard supports")
        ) from error


def _refusal(error: Exception) -> NotMailed:
    """Describe the failure without the recipient's address, because logs must not contain
    addresses."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
        return NotMailed(
            why=phrase("the mail server rejects this address ({code})", code=code),
            again=400 <= code < 500,
        )
    if isinstance(error, smtplib.SMTPAuthenticationError):
        why = phrase(
            "the mail server rejects the user name or password ({code})", code=error.smtp_code
        )
        return NotMailed(why=why, again=False)
    if isinstance(error, smtplib.SMTPResponseException):
        why = phrase("the mail server answers {code}", code=error.smtp_code)
        return NotMailed(why=why, again=400 <= error.smtp_code < 500)
    if isinstance(error, ssl.SSLError):
        why = phrase(
            "the mail server cannot be reached over an encrypted connection ({error})",
            error=error.reason or error,
        )
        return NotMailed(why=why, again=False)
    if isinstance(error, _NoSignIn):
        return NotMailed(why=str(error), again=False)
    if isinstance(error, smtplib.SMTPNotSupportedError):  # the server lacks SMTPUTF8 (RFC 6531)
        why = phrase(
            "the mail server does not accept addresses with accents or other non-ASCII letters"
        )
        return NotMailed(why=why, again=False)
    return NotMailed(why=phrase("the mail server cannot be reached"), again=True)
