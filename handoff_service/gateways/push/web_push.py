"""Web Push: encrypted notifications through the push service of an agent's browser.

The desk's key pair (VAPID) is derived from the desk's secret key, so all processes have the same
one, and nothing else has to be stored or backed up.

Sources: https://www.rfc-editor.org/rfc/rfc8030 (push), https://www.rfc-editor.org/rfc/rfc8291
(encryption), https://www.rfc-editor.org/rfc/rfc8292 (VAPID)
"""

import base64
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from http_ece import ECEException
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from handoff_service.gateways.outside_http import OutsideHttp
from handoff_service.ports import Called, PushMessage

# The order of the curve P-256: https://csrc.nist.gov/pubs/sp/800/186/final
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
KEPT_FOR = 3600  # seconds that the push service keeps a notification for a device that is off
SIGNED_FOR = 12 * 3600  # seconds; a push service accepts at most 24 hours


def private_key(secret_key: str) -> ec.EllipticCurvePrivateKey:
    """The desk's private key. HKDF gives 48 bytes, 16 more than the key has, so the remainder
    of the division by the curve's order has no measurable bias."""
    derive = HKDF(algorithm=hashes.SHA256(), length=48, salt=None, info=b"patchboard web push")
    number = int.from_bytes(derive.derive(secret_key.encode())) % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


class WebPush:
    """Sends notifications. ``contact``: the address that a push service can complain to. Create it
    on a running event loop."""

    def __init__(
        self,
        secret_key: str,
        contact: str,
        hosts: Collection[str] = (),
    ) -> None:
        self._vapid = Vapid02(private_key(secret_key))
        self._contact = contact
        self._http = OutsideHttp(hosts)
        point = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        #: what a browser needs to subscribe, as base64url
        self.public_key = base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    async def push(self, message: PushMessage) -> Called:
        keys = {"p256dh": message.p256dh, "auth": message.auth}
        try:
            encoded = WebPusher({"endpoint": message.address, "keys": keys}).encode(
                message.body.encode()
            )
        except (WebPushException, ECEException, ValueError):
            return Called(why="The browser's keys cannot be used. Turn notifications on again.")
        parts = urlsplit(message.address)
        claims = {
            "sub": self._contact,
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": str(int(time.time()) + SIGNED_FOR),
        }
        headers = {
            **self._vapid.sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_FOR),
            "Urgency": "high",
        }
        return await self._http.post(message.address, encoded["body"], headers)

    async def post(self, url: str, body: str) -> Called:
        headers = {"Content-Type": "application/json"}
        return await self._http.post(url, body.encode(), headers)

    async def close(self) -> None:
        await self._http.close()
