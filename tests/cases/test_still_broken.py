"""Answers to "it works again" which say that it does not, and those that say something else."""

import pytest

from handoff_service.rules.cases.still_broken import is_still_broken
from handoff_service.rules.conversations.thanks import is_thanks

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
It's back
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
"""
ELSE = """
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
I'm still grateful
"""


@pytest.mark.parametrize("text", STILL_BROKEN.strip().splitlines())
def test_still_broken(text: str) -> None:
    assert is_still_broken(text)
    assert not is_thanks(text)


@pytest.mark.parametrize("text", ELSE.strip().splitlines())
def test_something_else(text: str) -> None:
    assert not is_still_broken(text)
