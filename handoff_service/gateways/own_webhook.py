"""Checks for ``patchboard doctor`` and the checklist that a provider can reach our webhook. The
check sends a signed request to the public address, as the provider does."""

from collections.abc import Mapping

import aiohttp

from handoff_service.rules.shared.phrases import phrase

PATIENCE = aiohttp.ClientTimeout(total=5)


async def check_own_webhook(
    url: str, data: bytes | Mapping[str, str], headers: Mapping[str, str], *, rejected: str
) -> list[str]:
    """Return the problem and its fix; an empty list if there is none. ``data``: a request that is
    signed but invalid. Status 400 then proves that the service verified and read it. ``rejected``:
    the problem to report if the service rejects the signature."""
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, data=data, headers=headers) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        return [
            phrase(
                "Nothing answers at {url} ({error}). Start the service, and check the proxy in "
                "front of it.",
                url=url,
                error=type(error).__name__,
            )
        ]
    if status == 403:
        return [rejected]
    if status == 400:
        return []
    return [phrase("{url} answers {status}, so it is not this service.", url=url, status=status)]
