"""Webhooks over HTTP, following Standard Webhooks.

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

# seconds; a faster failure does not open the circuit breaker, because it delays no other calls
SLOW = 1.0
LONGEST_ANSWER = 8000  # bytes of a response that are read
MOST_BREAKERS = 1000  # receivers with a circuit breaker; the least recently called ones lose theirs


class HttpWebhook:
    """Calls the addresses that admins have set, under the rules of ``OutsideHttp``.

    A receiver that does not answer gets no calls for a few seconds. Otherwise each of its calls
    would wait until its time limit and delay calls to other receivers.
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
        called = await self._post(call, headers, breaker)
        if called.status is None and time.monotonic() - began > self._slow:
            breaker.failed()
        else:
            breaker.succeeded()
        return called

    async def _post(
        self, call: OutgoingCall, headers: dict[str, str], breaker: CircuitBreaker
    ) -> CallResult:
        try:
            asked = await self._http.ask(
                "POST", call.url, headers, call.body.encode(), most=LONGEST_ANSWER
            )
        except BaseException:  # the worker stops
            breaker.abandoned()
            raise
        return replace(asked.result, answer=asked.body.decode(errors="replace") or None)

    def _breaker(self, url: str) -> CircuitBreaker:
        try:
            server = urlsplit(url).netloc
        except ValueError:
            server = ""
        found = self._breakers.setdefault(server, CircuitBreaker())
        self._breakers.move_to_end(server)
        if len(self._breakers) > MOST_BREAKERS:
            self._breakers.popitem(last=False)
        return found

    async def close(self) -> None:
        await self._http.close()
