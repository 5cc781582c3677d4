"""Replies to "it works again": many ways to write "still broken", and other replies."""

from datetime import UTC, datetime

import pytest

from handoff_service.operations.virtual_agent.apply_command import THEN
from handoff_service.rules.cases.outages import OutageFields, reports
from handoff_service.rules.cases.promised_texts import promises_text
from handoff_service.rules.cases.still_broken import is_still_broken
from handoff_service.rules.conversations.thanks import is_thanks
from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.translations import in_language

STILL_BROKEN = """
still broken
It's still broken.
Still down for me
still not working
nope, still nothing
No it's not
it isn't fixed
not for me
Not yet
same problem here
Same error as before
doesn't work
It doesn’t work!
still can't connect
I still get the error
I am still having issues
No change
VPN is down again
it broke again
cannot log in
works for Bob but still not for me
No luck
sigue sin funcionar
Sigue igual
todavía no funciona
Aún no puedo entrar
no funciona
A mí no me funciona
sigo sin internet
No puedo acceder
el mismo problema
se cayó otra vez
Sigue caído
no sirve
geht immer noch nicht
Es geht noch nicht
Bei mir nicht
Nein, weiterhin kaputt
läuft bei mir leider nicht
Immer noch das gleiche Problem
Noch immer gestört
Ich kann mich nicht anmelden
funktioniert nicht
Das VPN ist schon wieder ausgefallen
toujours en panne
Ça ne marche toujours pas
ne fonctionne pas chez moi
Toujours rien
Même problème
Pas encore réparé
Je n’arrive pas à me connecter
Impossible de me connecter
"""
ELSE = """
Danke, jetzt geht es wieder
Es ist nicht mehr gestört
war vorhin noch kaputt, aber jetzt geht es wieder
Wann geht es wieder
merci, ça marche
Ce n'est plus en panne
Ça ne marchait pas mais maintenant ça marche
c'est bon
thanks
Thank you, it works now!
works
yes
no
It works again
It is no longer broken
not broken any more
it was still broken this morning but it's fixed
Is it still broken?
is the vpn still down?
Great job
ok
My laptop is on fire
I need a new keyboard
How do I connect
When will the printer be fixed
ya funciona
gracias, ya quedó
Ya no falla
¿Sigue caído?
muchas gracias
sí
👍
STOP
Still here if you need me
It's back
is that still happening
does it still not work
nope not me
I'm still grateful
"""


@pytest.mark.parametrize("text", STILL_BROKEN.strip().splitlines())
def test_a_still_broken_reply_is_recognized(text: str) -> None:
    assert is_still_broken(text)
    assert not is_thanks(text)


AGAIN = "VPN in Chicago is working again. Still broken for you? Just reply."


@pytest.mark.parametrize(
    ("text", "is_answer"),
    [
        ("Still not working", True),
        ("doesn't work", True),
        ("I cannot connect to the VPN from my laptop", True),
        ("My VPN client on the new laptop shows the same error as before the weekend, sorry", True),
        ("parking garage gate won't open and there is a line of cars", False),
        ("you have the wrong person, i dont work anywhere near there", False),
        ("cannot open pdf attachments any more", False),
        ("my internet at home is down again, this is the third time this month already", False),
    ],
)
def test_a_new_problem_is_not_a_still_broken_reply(text: str, is_answer: bool) -> None:
    assert is_still_broken(text)
    assert is_still_broken(text, AGAIN) is is_answer


@pytest.mark.parametrize("text", ELSE.strip().splitlines())
def test_another_text_is_not_a_still_broken_reply(text: str) -> None:
    assert not is_still_broken(text)


@pytest.mark.parametrize(
    "answer",
    [
        *(in_language(THEN, language) for language in Language),
        "Case CS0000001. We’ll text you updates.",
    ],
)
def test_the_virtual_agents_promise_to_text_is_recognized(answer: str) -> None:
    assert promises_text(answer)
    assert not promises_text("I've opened case CS0000001. A person will continue with you here.")


@pytest.mark.parametrize(
    ("text", "reports_it"),
    [
        ("the vpn is down", True),
        ("I can’t reach the VPN", True),
        ("la VPN no funciona", True),
        ("no puedo entrar a la vpn", True),
        ("vpn error 809", True),
        ("The VPN does not connect", True),
        ("vpn is not responding", True),
        ("we are unable to open the VPN", True),
        ("the vpn keeps timing out", True),
        ("VPN unavailable?", True),
        ("vpn dont work", True),
        ("das VPN geht nicht", True),
        ("VPN funktioniert seit heute früh nicht mehr", True),
        ("kein Zugriff über VPN", True),
        ("le VPN ne marche pas", True),
        ("le vpn est en panne", True),
        ("impossible de se connecter au VPN", True),
        ("wie richte ich das VPN ein", False),
        ("comment installer le VPN", False),
        ("do I need the vpn at home", False),
        ("how do I set up the vpn", False),
        ("please install VPN on my new laptop", False),
        ("the printer is down", False),
    ],
)
def test_a_report_of_an_outage_is_recognized(text: str, reports_it: bool) -> None:
    outage = OutageFields(title="VPN in Chicago", text="-", since=datetime(2026, 1, 1, tzinfo=UTC))
    assert reports(outage, text) is reports_it
