"""Checks the path from a provider to our webhook, for ``patchboard doctor``: sends a signed request
as the provider does, to the public address, and so back to this service."""

from collections.abc import Mapping

import aiohttp

from handoff_service.rules.shared.phrases import phrase

PATIENCE = aiohttp.ClientTimeout(total=5)


async def check_own_webhook(
    url: str, data: bytes | Mapping[str, str], headers: Mapping[str, str], *, rejected: str
) -> list[str]:
    """The problem, with its fix. ``data``: an invalid request, so that status 400 proves that the
    service verified and read it. ``rejected``: the problem when the signature is wrong."""
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, data=data, headers=headers) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        return [
            phrase(
                "Nothing answers at {url} ({error}). Start the service, and check the proxy "
                "before it.",
                url=url,
                error=type(error).__name__,
            )
        ]
    if status == 403:
        return [rejected]
    if status == 400:
        return []
    return [phrase("{url} answers {status}, so it is not this service.", url=url, status=status)]
