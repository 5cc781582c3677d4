"""Sends webhooks over HTTP, following the Standard Webhooks specification.

Source:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-delivery
"""

import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import replace
from urllib.parse import urlsplit

from handoff_service.gateways.outside_http import TIMEOUT, OutsideHttp
from handoff_service.lib.circuit_breaker import CircuitBreaker
from handoff_service.ports.call_result import CallResult
from handoff_service.ports.webhook import OutgoingCall
from handoff_service.rules.webhooks.call_failures import PAUSED

# seconds; faster failures do not count for the circuit breaker, because they delay no other calls
SLOW = 1.0
MAX_ANSWER = 8000  # bytes to read from a response
# circuit breakers, one per host and port; beyond this number, the least recently used is dropped
MAX_BREAKERS = 1000


class HttpWebhook:
    """Calls the webhooks that admins have set up. The rules of ``OutsideHttp`` apply.

    If a receiver repeatedly takes longer than ``slow`` seconds and does not answer, its circuit
    breaker stops calls to it for some seconds. Otherwise each call would wait for the time limit
    and delay calls to other receivers.
    """

    def __init__(
        self, hosts: Collection[str] = (), *, timeout: float = TIMEOUT, slow: float = SLOW
    ) -> None:
        self._slow = slow
        self._http = OutsideHttp(hosts, timeout=timeout)
        self._breakers: OrderedDict[str, CircuitBreaker] = OrderedDict()

    async def call(self, call: OutgoingCall) -> CallResult:
        breaker = self._breaker(call.url)
        if not breaker.allows():
            return CallResult(why=PAUSED)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": call.event_id,
            "webhook-timestamp": str(call.timestamp),
            "webhook-signature": call.signature,
        }
        began = time.monotonic()
        result = await self._post(call, headers, breaker)
        if result.status is None and time.monotonic() - began > self._slow:
            breaker.failed()
        else:
            breaker.succeeded()
        return result

    async def _post(
        self, call: OutgoingCall, headers: dict[str, str], breaker: CircuitBreaker
    ) -> CallResult:
        try:
            response = await self._http.ask(
                "POST", call.url, headers, call.body.encode(), max_bytes=MAX_ANSWER
            )
        except BaseException:  # the worker stops
            breaker.abandoned()
            raise
        return replace(response.result, answer=response.body.decode(errors="replace") or None)

    def _breaker(self, url: str) -> CircuitBreaker:
        try:
            server = urlsplit(url).netloc
        except ValueError:
            server = ""
        found = self._breakers.setdefault(server, CircuitBreaker())
        self._breakers.move_to_end(server)
        if len(self._breakers) > MAX_BREAKERS:
            self._breakers.popitem(last=False)
        return found

    async def close(self) -> None:
        await self._http.close()
