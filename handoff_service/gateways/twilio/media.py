"""Downloads the pictures and files of texts with the account's credentials, and only from Twilio or
the server in PATCHBOARD_TWILIO_API_URL.

The address arrives in a signed webhook, but this module still refuses other addresses. Twilio
redirects to its media store. The download follows redirects only to the same hosts and to Twilio's
media store, and sends no credentials after a redirect.

| response                               | retry           | source                                                  |
| -------------------------------------- | --------------- | ------------------------------------------------------- |
| 404                                    | again           | https://support.twilio.com/hc/en-us/articles/44750147594523 (media may be late) |
| any other error, no answer in time     | again           |                                                         |
| more than 5 MB                         | never           | https://www.twilio.com/docs/messaging/api/media-resource |
| an address that is not Twilio's        | never           |                                                         |
"""  # noqa: E501  # links must not be split

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import parse_url

from handoff_service.ports.sms_provider import NotFetched
from handoff_service.rules.conversations import media_failures
from handoff_service.rules.conversations.media import MOST_BYTES, in_words
from handoff_service.rules.shared.phrases import filled
from handoff_service.settings import Settings

MAX_DOWNLOADS = 4  # downloads, as many as the worker runs at the same time
# seconds for one file, and seconds without a new byte; our choice. Their sum must be shorter than a
# lease of due work.
DEADLINE, SILENCE = 10.0, 5.0
MAX_REDIRECTS = 3
CHUNK = 64 * 1024

# Twilio's media hosts, with HTTP authentication for media (mms.twiliocdn.com) and without it:
# https://support.twilio.com/hc/en-us/articles/223183748
MEDIA_HOSTS = (".twilio.com", ".twiliocdn.com")
OLD_STORE = ("s3-external-1.amazonaws.com", "/media.twiliocdn.com/")

_HOST = re.compile(r"[a-z0-9.-]+")

FOREIGN = NotFetched(why=media_failures.FOREIGN, again=False)
TOO_LARGE = NotFetched(why=filled(media_failures.TOO_LARGE, most=in_words(MOST_BYTES)), again=False)


class TwilioMedia:
    """Downloads media in its own threads, so a hanging download delays no text."""

    def __init__(self, settings: Settings) -> None:
        self._auth = (settings.twilio_account_sid or "", settings.twilio_auth_token or "")
        self._api = urlsplit(settings.twilio_api_url)
        self._session = requests.Session()
        self._threads = ThreadPoolExecutor(MAX_DOWNLOADS, thread_name_prefix="twilio-media")

    async def fetch(self, url: str) -> bytes | NotFetched:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._fetch, url)
        except RuntimeError:  # the pool is shut down
            return NotFetched(why=media_failures.STOPPING, again=True)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._session.close()

    def _fetch(self, url: str) -> bytes | NotFetched:
        until = time.monotonic() + DEADLINE
        try:
            return self._follow(url, until)
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
        ):
            return FOREIGN
        except (requests.Timeout, TimeoutError, ReadTimeoutError):
            return NotFetched(why=media_failures.NOT_IN_TIME, again=True)
        except (requests.RequestException, HTTPError, OSError):
            return NotFetched(why=media_failures.NOT_REACHED, again=True)
        except ValueError:  # not an address
            return FOREIGN

    def _follow(self, url: str, until: float) -> bytes | NotFetched:
        url = _as_requested(url)
        if not self._is_api(url):
            return FOREIGN
        for redirects in range(MAX_REDIRECTS + 1):
            with self._ask(url, signed=redirects == 0) as answer:
                if not answer.is_redirect:
                    return _content(answer, until)
                url = _as_requested(urljoin(url, answer.headers["location"]))
            if not (self._is_api(url) or _is_store(url)):
                return FOREIGN
        return NotFetched(why=media_failures.REDIRECTED, again=True)

    def _ask(self, url: str, *, signed: bool) -> requests.Response:
        return self._session.get(
            url,
            auth=self._auth if signed else _no_credentials,
            headers={"Accept-Encoding": "identity"},
            timeout=SILENCE,
            stream=True,
            allow_redirects=False,
        )

    def _is_api(self, url: str) -> bool:
        """Return whether the credentials may be sent to this address. It must be Twilio's, or the
        server in PATCHBOARD_TWILIO_API_URL."""
        parts = urlsplit(url)
        ours = (parts.scheme, parts.netloc) == (self._api.scheme, self._api.netloc)
        return ours or (_is_plain_https(parts) and f".{parts.hostname}".endswith(".twilio.com"))


def _as_requested(url: str) -> str:
    r"""Return the address as the HTTP client reads it. Raises ValueError if it is invalid.

    Two parsers may disagree about the host of an address. For ``https://127.0.0.1\.twilio.com/``,
    ``urlsplit`` finds Twilio, but the client connects to 127.0.0.1. So the checks use the address
    that the client has prepared.
    """
    prepared = requests.Request("GET", url).prepare().url or ""
    if urlsplit(prepared).hostname != parse_url(prepared).host:
        raise ValueError("two hosts in one address")
    return prepared


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no credentials, not even those of a .netrc file."""
    return request


def _is_store(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    old = (host == OLD_STORE[0]) and parts.path.startswith(OLD_STORE[1])
    return _is_plain_https(parts) and (old or f".{host}".endswith(MEDIA_HOSTS))


def _is_plain_https(parts: SplitResult) -> bool:
    host = parts.netloc.removesuffix(":443")
    return parts.scheme == "https" and host == parts.hostname and _HOST.fullmatch(host) is not None


def _content(answer: requests.Response, until: float) -> bytes | NotFetched:
    """Read the body in chunks, up to the limit."""
    if answer.status_code == 404:
        return NotFetched(why=media_failures.NOT_FOUND, again=True)
    if answer.status_code != 200:
        return NotFetched(why=filled(media_failures.REFUSED, status=answer.status_code), again=True)
    announced = answer.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MOST_BYTES:
        return TOO_LARGE
    content = bytearray()
    while chunk := answer.raw.read1(CHUNK, decode_content=False):
        content += chunk
        if len(content) > MOST_BYTES:
            return TOO_LARGE
        if time.monotonic() > until:
            raise TimeoutError
    if announced.isdecimal() and len(content) < int(announced):
        return NotFetched(why=media_failures.LOST, again=True)
    return bytes(content)
