"""The outgoing webhook over HTTP, as Standard Webhooks has it.

Its plain twin is no address: then nothing is called. What an answer means:

| what happened                         | result                                    |
| ------------------------------------- | ----------------------------------------- |
| 2xx                                   | taken                                     |
| 3xx                                   | not taken: a redirect is never followed   |
| any other status, no answer, no route | not taken                                 |

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-delivery
"""

import aiohttp

from handoff_service import __version__
from handoff_service.operations.ports import Called, WebhookCall

TIMEOUT = 10.0  # seconds for a whole call; ours, and shorter than any lease of due work
AT_ONCE = 8  # ours: as many as the worker has under way


class HttpWebhook:
    """Calls whatever address an admin has set. Must be made on a running event loop."""

    def __init__(self, *, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout),
            headers={"User-Agent": f"Patchboard/{__version__}", "Content-Type": "application/json"},
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(self, call: WebhookCall) -> Called:
        headers = {
            "webhook-id": call.event_id,
            "webhook-timestamp": str(call.timestamp),
            "webhook-signature": call.signature,
        }
        try:
            async with self._session.post(
                call.url, data=call.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return _called(answer.status)
        except TimeoutError:
            return Called(why=f"No answer within {self._timeout:g} s.")
        except aiohttp.ClientSSLError:
            return Called(why="Its certificate is not trusted.")
        except aiohttp.ClientConnectorError:
            return Called(why="It could not be reached.")
        except (aiohttp.ClientError, ValueError, RuntimeError):  # broken off; no address at all; the service stops
            return Called(why="The call broke off.")

    async def close(self) -> None:
        await self._session.close()


def _called(status: int) -> Called:
    if 200 <= status < 300:
        return Called(status=status)
    if 300 <= status < 400:
        return Called(status=status, why=f"It answered with a redirect ({status}), which is not followed.")
    return Called(status=status, why=f"It answered {status}.")
