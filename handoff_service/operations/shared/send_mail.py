"""Send mails from due work."""

import asyncio
from collections.abc import Sequence

from handoff_service.ports.mail import Mail, Mailed, Mailer, NotMailed


async def mail_each(mailer: Mailer | None, mails: Sequence[Mail]) -> list[str | None]:
    """Send the mails concurrently. Returns, for each mail, why it was not sent, or None if it was.
    Without a mailer, this sends nothing and returns an empty list."""
    if mailer is None:
        return []
    results = await asyncio.gather(*(mailer.send(mail) for mail in mails))
    return [one.why if isinstance(one, NotMailed) else None for one in results]


async def mail_one(mailer: Mailer | None, mail: Mail) -> Mailed | NotMailed:
    """Send the mail. Without a mailer, return the reason why it cannot be sent."""
    if mailer is None:
        return NotMailed(why="PATCHBOARD_SMTP_URL is not set", again=False)
    return await mailer.send(mail)
