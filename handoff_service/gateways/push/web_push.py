"""Web Push: encrypted notifications through the push service of an agent's browser.

The desk signs with a key pair (VAPID). The service derives the first pair from the desk's secret
key, as earlier versions did, so existing subscriptions stay valid. It then stores the pair
encrypted. Therefore the pair does not change when an admin rotates the secret key.

Sources: https://www.rfc-editor.org/rfc/rfc8030 (push), https://www.rfc-editor.org/rfc/rfc8291
(encryption), https://www.rfc-editor.org/rfc/rfc8292 (VAPID)
"""

import base64
import re
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from http_ece import ECEException
from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher, WebPushException

from handoff_service.gateways.outside_http import OutsideHttp
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.push import PushMessage
from handoff_service.rules.shared.phrases import phrase

# The order of the curve P-256: https://csrc.nist.gov/pubs/sp/800/186/final
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEPT_FOR = 3600  # seconds for which the push service stores a notification
#: A host that the contact address may have. Push services reject other hosts, and py_vapid rejects
#: ports.
_HOST = re.compile(r"localhost|[\w-]+(\.[\w-]+)+")
UNUSABLE = phrase("The browser's keys or its address cannot be used. Turn notifications on again.")
SIGNED_FOR = 12 * 3600  # seconds for which a signature is valid; at most 24 hours


def first_key(secret_key: str) -> str:
    """Derive the desk's first private key, as PEM. HKDF produces 48 bytes, 16 more than a key
    needs. The extra bytes make the bias of the reduction modulo the curve's order negligible."""
    derive = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=b"patchboard web push")
    number = int.from_bytes(derive.derive(secret_key.encode())) % (_ORDER - 1) + 1
    return (
        ec.derive_private_key(number, ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def contact(public_url: str) -> str:
    """Return the contact address for the operators of push services. It must be https without a
    port, so it has only the host of ``public_url``. If that is no host name that push services
    accept, it is localhost."""
    host = urlsplit(public_url).hostname or ""
    return f"https://{host if _HOST.fullmatch(host) else 'localhost'}"


class WebPush:
    """Sends notifications. ``private_key``: as PEM. ``public_url``: the desk's address. Create it
    on a running event loop."""

    def __init__(
        self,
        private_key: str,
        public_url: str,
        hosts: Collection[str] = (),
    ) -> None:
        self._vapid = Vapid02.from_pem(private_key.encode())
        self._contact = contact(public_url)
        self._http = OutsideHttp(hosts)
        point = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        #: the key with which a browser subscribes, as base64url
        self.public_key = base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def push(self, message: PushMessage) -> CallResult:
        try:
            body, signed = self._encrypt(message), self._signature_headers(message)
        except (WebPushException, ECEException, VapidException, ValueError):
            return CallResult(why=UNUSABLE)
        headers = {
            **signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_FOR),
            "Urgency": "high",
        }
        return await self._http.post(message.address, body, headers)

    def _encrypt(self, message: PushMessage) -> bytes:
        keys = {"p256dh": message.p256dh, "auth": message.auth}
        pusher = WebPusher({"endpoint": message.address, "keys": keys})
        body: bytes = pusher.encode(message.body.encode())["body"]
        return body

    def _signature_headers(self, message: PushMessage) -> dict[str, str]:
        """Return the headers that prove the sender to the push service."""
        parts = urlsplit(message.address)
        claims = {
            "sub": self._contact,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": str(int(time.time()) + SIGNED_FOR),
        }
        signed: dict[str, str] = self._vapid.sign(claims)
        return signed

    async def post(self, url: str, body: str) -> CallResult:
        headers = {"Content-Type": "application/json"}
        return await self._http.post(url, body.encode(), headers)

    async def close(self) -> None:
        await self._http.close()
