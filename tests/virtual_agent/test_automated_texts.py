"""Automated texts (codes of other services, delivery notices, marketing) are recognized and never
answered.
"""

import pytest

from handoff_service.rules.shared.vocabulary import Owner
from handoff_service.rules.virtual_agent.automated_texts import AutomatedText, automated
from handoff_service.store.engine import tables as t
from tests.support.story import Story

CODE, MARKETING, DELIVERY = (
    AutomatedText.VERIFICATION_CODE,
    AutomatedText.MARKETING,
    AutomatedText.DELIVERY,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Your Acme verification code is: 482913. Don't share it.", CODE),
        ("482913 is your Acme verification code", CODE),
        ("G-482913 is your Google verification code.", CODE),
        ("<#> 4821 is your OTP", CODE),
        ("Su código de Banco es: 482913", CODE),
        ("Ihr Anmeldecode lautet 482913", CODE),
        ("Dein Acme Code ist 482 913", CODE),
        ("Votre code de vérification est : 482913", CODE),
        ("48% off all shoes this weekend! Reply STOP to opt out", MARKETING),
        ("Alerts from Acme. Msg&Data rates may apply", MARKETING),
        ("Big sale ends tonight. stop2end", MARKETING),
        ("USPS: your package is waiting at https://example.com/x", DELIVERY),
        ("Your order has shipped. Track it here: example.com/t", DELIVERY),
    ],
)
def test_each_kind_of_automated_text_is_recognized(text: str, kind: AutomatedText) -> None:
    assert automated(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "482913",
        "my code is 482913",
        "the verification code doesn't work",
        "i get no verification code from okta, it's locked",
        "is this phishing? your verification code is 482913",
        "how do i stop the sale pop ups",
        "my package from amazon with the new monitor is broken",
        "the printer has 4821 is your code on its display?",
        "please stop to reboot my laptop",
        "error 0x80070005 when i log in",
        "case 1234 is still open",
    ],
)
def test_a_persons_text_is_not_taken_for_an_automated_text(text: str) -> None:
    assert automated(text) is None


async def test_an_automated_text_is_never_answered_and_the_conversation_shows_the_reason(
    story: Story,
) -> None:
    received = await story.text("Your Acme verification code is 482913")
    interaction = received.interaction_id or 0
    assert await story.begin(interaction) is None
    assert await story.texted(interaction) == []
    assert await story.count(t.due_work, t.due_work.c.kind == "bot_turn") == 0
    assert (await story.see(interaction)).owner.kind is Owner.VIRTUAL_AGENT
    bodies = [line.body for line in await story.rows(t.messages)]
    assert "Not answered: it looks like a verification code." in bodies
    await story.text("hi, my laptop won't start")
    question = await story.begin(interaction)
    assert question is not None
    assert question.message == "hi, my laptop won't start"
