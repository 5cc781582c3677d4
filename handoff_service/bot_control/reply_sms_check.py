"""The SMS check of a reply: its segments and the problems of its text."""

from dataclasses import dataclass
from pathlib import Path

from handoff_service.bot_control import bot_text_lint
from handoff_service.bot_control.bot_data import DOMAIN
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.rules.delivery.sms_text import Segments, segments
from handoff_service.rules.shared import placeholders
from handoff_service.rules.shared.phrases import joined
from handoff_service.rules.training.examples import one_line
from handoff_service.rules.virtual_agent.sms_check import (
    BotText,
    SmsCheckSettings,
    TextAt,
    problems,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsCheck:
    """The result of the SMS check. ``segments``: those of the text with the longest values of its
    placeholders."""

    segments: Segments
    problems: list[str]


def check_sms(root: Path, text: str) -> SmsCheck:
    settings = sms_settings(root)
    line = BotText(file=DOMAIN, name="reply", text=TextAt(line=1, words=text))
    return SmsCheck(
        segments=segments(placeholders.fill(text, settings.longest)),
        problems=[joined(" ", [one.what, one.suggestion]) for one in problems(line, settings)],
    )


def why_unfit(root: Path, text: str) -> str | None:
    """Why a text cannot be sent as an SMS. None if it can be."""
    found = check_sms(root, one_line(text)).problems
    return joined(" ", found) if found else None


def sms_settings(root: Path) -> SmsCheckSettings:
    """The settings in the folder's sms_check.yml, or in the project's if the folder has none."""
    return bot_text_lint.read_settings(
        root if (root / bot_text_lint.SETTINGS_FILE).exists() else ROOT
    )
