"""Recognizes opt-outs: keywords in any spelling, clear requests, likely requests, and texts that do
not ask to opt out.
"""

import pytest
from ruamel.yaml import YAML

from handoff_service.bot_control.rasa_cli import ROOT
from handoff_service.rules.consent.consent_keywords import word
from handoff_service.rules.consent.opt_out_requests import OptOutIntent, opt_out_intent
from handoff_service.rules.virtual_agent.commands import Command
from tests.support.help_desk_texts import texts

SPELLINGS = (
    *(
        "opt out",
        "Opt-Out",
        "OPT  OUT!",
        "opt_out",
        "OptOut",
        "stop all",
        "Stop-All.",
        "please stop",
        "Stop. Thank you",
    ),
    *(
        "STOP STOP STOP",
        "pls stop",
        "stop please!!",
        "S.T.O.P.",
        "s t o p",
        "ＳＴＯＰ",
        "stóp",
        "Unsubscribe, please.",
    ),
    *(
        "quit please",
        "revoke. thanks",
        "un-subscribe",
        "STOP 🛑",
        "Please, please stop",
        "thank you, unsubscribe",
    ),
    *(
        "«stop»",
        "*STOP*",
        "STOP\n\nSent from my iPad",
        "stop\n--\nAna Ruiz\nContoso",
        "Cancel",
        "end.",
        "alto, por favor",
    ),
)
CLEAR = (
    *(
        "take me off your list",
        "do not text me again",
        "remove my number",
        "Please remove me from your list.",
    ),
    *(
        "stop texting me",
        "Stop sending me these messages!",
        "don't message me",
        "DO NOT CONTACT ME",
        "no more texts please",
    ),
    *("I don't want to receive any more texts from you", "lose my number"),
    *(
        "I want to opt out",
        "opt me out",
        "unsubscribe me",
        "i'd like to unsubscribe",
        "I revoke my consent",
        "dont text",
    ),
    *(
        "Wrong number. Please stop texting me",
        "who is this? stop texting me",
        "STOP wrong number",
        "Stop now",
        "no thanks, stop",
    ),
    *(
        "could you please take my number off your texting list",
        "quit texting me",
        "I do not consent to these texts",
    ),
    *(
        "please don't text this number anymore",
        "remove me from your database",
        "stop all messages",
        "cease contacting me",
    ),
    *(
        "no me manden más mensajes",
        "No me escriban más",
        "deje de mandarme mensajes",
        "quíteme de su lista por favor",
    ),
    *(
        "no más mensajes",
        "borren mi número",
        "ya no quiero recibir mensajes",
        "no quiero más textos",
        "sáquenme de su lista",
    ),
    *("dejen de escribirme", "elimine mi número de su lista", "denme de baja de sus mensajes"),
    *(
        "Thanks but stop",
        "I said STOP",
        "S.T.O.P. texting me",
        "STOP or I will report you",
        "STOP, or I'm calling my lawyer",
        "stop texting me or I'm filing a complaint",
        "Reply STOP",
        "STOP to opt out",
        "Stop!! and have a nice day",
        "remove my number and thank you very much",
        "cease and desist",
        "stop text me",
        "dnt text me",
        "don't ever text me again",
        "dont txt me no more",
    ),
    *(
        "Do not contact me by text",
        "I want these texts to stop",
        "I'd like to stop getting these messages",
        "Good morning. Could you please stop texting me? Thank you so much, have a nice day",
        "I'd appreciate it if you stopped texting me",
        "Please refrain from texting this number",
        "Would you mind not texting me?",
        "I don't work there anymore. Remove me from your list",
        "This is not Robert. Stop texting me",
    ),
    *(
        "no vuelvan a escribirme",
        "No me vuelva a mandar mensajes",
        "quiero dejar de recibir mensajes",
        "paren de mandar mensajes",
        "Buenas tardes, detengan los mensajes por favor",
        "favor de no enviarme más mensajes",
        "podrían dejar de escribirme, gracias",
        "Retiro mi consentimiento",
        "den de baja mi número",
    ),
)
LIKELY = (
    *(
        "I never signed up for this",
        "fuck off",
        "i didn't ask for these texts",
        "I want out",
        "cancel all messages",
    ),
    *(
        "take me off the list",
        "remove me",
        "how do I unsubscribe?",
        "leave me alone",
        "stopp",
        "STPO",
    ),
    *(
        "unsuscribe",
        "remove me from this list",
        "how do I stop these texts",
        "why do you keep texting me",
        "baja",
    ),
    *("déjenme en paz", "no me molesten", "quiero darme de baja", "please take me off this"),
    *(
        "stop sending me this crap",
        "I don't want to be contacted",
        "unsubscribe from all of this",
        "unsuscribe me pls",
        "dejen de molestar",
        "no quiero que me escriban",
        "desuscríbanme",
        "cancelen los mensajes",
        "sáquenme de esto",
        "STOP! I get ten of these a day",
        "Too many texts today. Stop.",
        "Unsubscribe. This is not for me",
        "Nobody told me about this! Please stop",
    ),
)
AT_FIRST = (
    "not interested",
    "please cancel",
    "cancel please",
    "stop it",
    "just stop",
    "no más",
    "basta",
    "cancelar",
    "Cancel. Thank you",
    "make it stop",
    "can you please stop",
    "you need to stop",
    "no texting",
    "stop the notifications",
)


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_keyword_in_any_spelling_opts_out(text: str) -> None:
    assert word(text, {Command.OPT_OUT: ["ALTO"]}) is Command.OPT_OUT


@pytest.mark.parametrize(
    ("own", "text"),
    [("ARRET", "arrêt"), ("Arrêt", "ARRET !"), ("keine SMS mehr", "Keine SMS mehr.")],
)
def test_an_admins_keywords_match_with_and_without_accents(own: str, text: str) -> None:
    assert word(text, {Command.OPT_OUT: [own]}) is Command.OPT_OUT


@pytest.mark.parametrize("text", CLEAR)
def test_a_clear_request_opts_out(text: str) -> None:
    for written in (text, text.upper(), f"{text}\n\nGet Outlook for iOS"):
        assert word(written, {}) is Command.OPT_OUT


@pytest.mark.parametrize("text", LIKELY)
def test_a_likely_request_gets_a_question(text: str) -> None:
    assert word(text, {}) is None
    assert (
        opt_out_intent(text, first=False) is opt_out_intent(text, first=True) is OptOutIntent.LIKELY
    )


@pytest.mark.parametrize("text", AT_FIRST)
def test_a_possible_answer_opts_out_only_as_the_first_text(text: str) -> None:
    assert word(text, {}) is None
    assert (opt_out_intent(text, first=True), opt_out_intent(text, first=False)) == (
        OptOutIntent.LIKELY,
        None,
    )


@pytest.mark.parametrize(
    "text",
    [
        "wrong number, who is this",
        "Who's this? Wrong number",
        "you have the wrong number",
        "¿Quién es? Número equivocado",
    ],
)
def test_a_wrong_number_gets_an_explanation(text: str) -> None:
    assert opt_out_intent(text, first=False) is OptOutIntent.WRONG_NUMBER


def test_wrong_number_counts_only_as_the_whole_first_text() -> None:
    assert (
        opt_out_intent("Sorry, wrong number", first=True),
        opt_out_intent("sorry wrong number", first=False),
    ) == (
        OptOutIntent.WRONG_NUMBER,
        None,
    )


def test_no_help_desk_text_opts_out_or_gets_a_question() -> None:
    held_out = YAML(typ="safe").load((ROOT / "tests" / "bot" / "held_out_texts.yml").read_text())
    held_out_texts = [text for found in held_out["texts"].values() for text in found]
    assert len(texts()) >= 1000
    assert len(held_out_texts) > 100
    for text in (*texts(), *held_out_texts):
        assert word(text, {}) is not Command.OPT_OUT, text
        assert opt_out_intent(text, first=True) is not OptOutIntent.LIKELY, text
        assert opt_out_intent(text, first=False) is None, text


def test_no_training_text_of_the_bot_opts_out() -> None:
    lines = [
        line
        for path in (ROOT / "data" / "nlu").glob("*.yml")
        for line in path.read_text().splitlines()
    ]
    found = [line.strip().removeprefix("- ") for line in lines if line.strip().startswith("- ")]
    assert len(found) > 1000
    assert [
        text
        for text in found
        if word(text, {}) is Command.OPT_OUT or opt_out_intent(text, first=False)
    ] == []


def test_no_text_can_make_the_rule_slow() -> None:
    for unit in (
        "no thanks ",
        "please ",
        "thank you ",
        "wrong number ",
        "i am not john ",
        "thank you so much have a nice day ",
        "or i will report you ",
        "all any more ",
        "no mas ",
        "stop the ",
        "no me ",
    ):
        opt_out_intent(
            unit * (160 // len(unit)), first=True
        )  # A pattern that backtracks would take extremely long.
