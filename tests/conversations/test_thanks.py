"""Thanks and similar texts are distinguished from texts that need an answer."""

import pytest

from handoff_service.rules.conversations.thanks import is_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thank youuu so much!!",
        "👍🏽",
        "👍 Mia",
        "ok thanks 😊",
        "cheers mate",
        "Perfecto, mil gracias",
        "Thx :)",
        "works now, ty",
        "🙏🙏",
        "Gracias por todo",
        "ok thank you Ms Chen",
        "gracias Mia, que pases buen día",
        "Great, have a good weekend!",
        "thanks Mia",
        "Thanks for helping me out so quickly!",
        "thank you for the fast turnaround, you're a lifesaver",
        "That fixed it 🎉",
        "Everything is working now, thanks",
        "No thanks, that's all",
        "nope, I'm all set",
        "Roger that",
        "thanks man, have a wonderful evening",
        "Gracias por resolverlo tan rápido",
        "De nada, que tengan un excelente día",
        "Nos vemos, saludos",
        "Vielen Dank!",
        "merci beaucoup",
        "Muito obrigada",
        "谢谢",
        "ありがとうございます",
        "شكرا جزيلا",
        "спасибо большое",
    ],
)
def test_thanks_are_recognized(text: str) -> None:
    assert is_thanks(text, ["Mia Chen"])


@pytest.mark.parametrize(
    "text",
    [
        "thanks but it is back",
        "Thanks, when does it open?",
        "ok now the screen is black",
        "👎",
        "no",
        "thanks 😡",
        "hi",
        "gracias pero no funciona",
        "thank you, one more thing",
        "yes",
        "42",
        "",
        "it",
        "thanks printer",
        "buen día",
        "Mia",
        "buenas tardes",
        "nope",
        "that",
        "everything",
        "Saludos",
        "for fixing it",
        "Thanks for fixing the other printer, mine is next",
        "thanks for nothing",
        "thanks for breaking it",
        "everything is down",
        "everything works except mail",
        "it's not solved",
        "no, not that",
        "danke, aber es geht nicht",
        "谢谢，但是还不行",
        "man",
        "Finally",
    ],
)
def test_a_text_that_needs_an_answer_is_not_thanks(text: str) -> None:
    assert not is_thanks(text)
