"""The outgoing webhook over HTTP, following Standard Webhooks.

Source:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-delivery
"""

from collections.abc import Collection

from handoff_service.gateways.outside_http import TIMEOUT, OutsideHttp
from handoff_service.ports import Called, OutgoingCall


class HttpWebhook:
    """Calls the address that an admin has set, under the rules of ``OutsideHttp``."""

    def __init__(self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT) -> None:
        self._http = OutsideHttp(hosts, timeout=timeout)

    async def call(self, call: OutgoingCall) -> Called:
        headers = {
            "Content-Type": "application/json",
            "webhook-id": call.event_id,
            "webhook-timestamp": str(call.timestamp),
            "webhook-signature": call.signature,
        }
        return await self._http.post(call.url, call.body.encode(), headers)

    async def close(self) -> None:
        await self._http.close()
