"""Checks the virtual agent: its addresses, its actions, and the database that stores its
conversations."""

import aiohttp

from handoff_service.bot_control import bot_tracker
from handoff_service.bot_control.rasa_cli import actions_url
from handoff_service.bot_control.rasa_environment import RASA
from handoff_service.settings import Settings

NO_ACTION = {
    "next_action": "action_of_the_doctor",
    "domain": {},
    "tracker": {"sender_id": "doctor"},
}
PATIENCE = aiohttp.ClientTimeout(total=5)


def check_tracker(settings: Settings) -> list[str]:
    """Check the database in which the bots of all hosts store conversations, if it is set."""
    return bot_tracker.problems(settings.bot_tracker_url) if settings.bot_tracker_url else []


async def check_actions(settings: Settings) -> list[str]:
    """Check the address of the bot's custom actions. A request for an unknown action must return
    404."""
    if not settings.bot_urls:
        return []
    url, headers = actions_url(settings), {"Authorization": f"Bearer {settings.bot_token}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=PATIENCE) as session,
            session.post(url, json=NO_ACTION, headers=headers) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        why = type(error).__name__
        return [
            f"The virtual agent's actions at {url} do not answer ({why}). Start the service "
            "with: patchboard serve"
        ]
    if status == 401:
        return [
            f"The service at {url} runs with a different PATCHBOARD_BOT_TOKEN or PATCHBOARD_HOME. "
            "Run this command with the same settings."
        ]
    return (
        []
        if status == 404
        else [f"The virtual agent's actions at {url} answer {status}: the service's log says why."]
    )


async def check_bot(settings: Settings) -> list[str]:
    """Check each of the bot's addresses. Conversations of an unreachable bot go to live agents."""
    fix = "patchboard bot run" if RASA.exists() else "make setup-bot, then patchboard bot run"
    share = "everything" if len(settings.bot_urls) == 1 else "its share of the conversations"
    problems = []
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        for url in settings.bot_urls:
            try:
                async with session.get(url) as response:
                    await response.read()
            except (aiohttp.ClientError, TimeoutError):
                which = (
                    "PATCHBOARD_BOT_URL"
                    if len(settings.bot_urls) == 1
                    else f"PATCHBOARD_BOT_URL at {url}"
                )
                problems.append(
                    f"The virtual agent of {which} does not answer: live agents get {share}. "
                    f"Start it with: {fix}"
                )
    return problems
