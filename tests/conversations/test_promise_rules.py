"""Promises in agents' texts: the rules recognize promises and the time that each names."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handoff_service.rules.conversations.promises import (
    counts_as_kept,
    is_call_note,
    promised,
    remind_at,
)

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 12, 1, 10, 0, tzinfo=CHICAGO)  # a Tuesday

PROMISES = """
I'll text you by 3 | 1 15:00
I’ll text you by 3pm. | 1 15:00
I will text you by 3 p.m. today | 1 15:00
We'll call you at 15:30 | 1 15:30
I'll get back to you in an hour | 1 11:00
I'll get back to you in 20 minutes. | 1 10:20
I'll let you know in half an hour | 1 10:30
We will get back to you within 2 hours | 1 12:00
I'll message you tomorrow morning | 2 12:00
I'll send you an update by Friday | 4 17:00
I'll let you know before lunch | 1 12:00
I'll get back to you by end of day | 1 17:00
I'll have an answer by EOD. | 1 17:00
I'm going to call you at 4 | 1 16:00
Sorry about that! I'll check with the team and text you by noon. | 1 12:00
By 3 I'll text you the result | 1 15:00
Tomorrow I'll call you again | 2 17:00
I'll follow up with you tomorrow at 9 | 2 09:00
I'll follow up tomorrow by 9:30 | 2 09:30
You'll hear from me by 2:15 | 1 14:15
You will have it by Thursday | 3 17:00
Expect an update from us by 5pm | 1 17:00
We'll be in touch this afternoon | 1 17:00
I'll update you tonight | 1 21:00
I'll text you on Monday | 7 17:00
I'll text you Monday morning | 7 12:00
I'll get back to you first thing tomorrow | 2 17:00
I'll call you around 4:30 | 1 16:30
I'll reply by 11 at the latest | 1 11:00
I'll write to you in 10-15 minutes | 1 10:15
I'll send it to you by 1 | 1 13:00
We'll have it ready by Friday noon | 4 12:00
I'll have your laptop ready by 4pm | 1 16:00
I'll fix it by tomorrow | 2 17:00
I'll ping you in a couple of hours | 1 12:00
I'll touch base before noon | 1 12:00
I'll let you know no later than 6pm | 1 18:00
I'll text you back at 3 o'clock | 1 15:00
I'll check in with you next Monday | 7 17:00
I'll give you an answer by the end of the week | 4 17:00
I'll email you the tracking number for the new laptop by 3 | 1 15:00
We're going to update you in the next hour | 1 11:00
I promise to call you today | 1 17:00
I'll text you by 3pm your time | 1 15:00
Ok, will text you by 3 | 1 15:00
I'll look into this and text you by 3 | 1 15:00
Le marco a las 3 | 1 15:00
Te escribo a las 3 | 1 15:00
Te aviso antes de las 3 | 1 15:00
Le llamo a las 15:30 | 1 15:30
Te respondo en una hora | 1 11:00
Le escribiré en 20 minutos. | 1 10:20
Te aviso mañana por la mañana | 2 12:00
Te mando la respuesta antes del viernes | 4 17:00
Le confirmo antes del almuerzo | 1 12:00
Te aviso al final del día | 1 17:00
Voy a llamarte a las 4 de la tarde | 1 16:00
Le enviaremos una respuesta mañana a las 9 | 2 09:00
Me pongo en contacto contigo en media hora | 1 10:30
Te vuelvo a escribir dentro de dos horas | 1 12:00
Lo tengo listo para las 5 | 1 17:00
Te lo envío hoy | 1 17:00
Te llamo el lunes | 7 17:00
Te escribo a las 3 y media | 1 15:30
Le aviso esta tarde | 1 17:00
Nos comunicamos con usted a más tardar a las 6 | 1 18:00
"""
NO_PROMISES = """
I'll be here until 3
I'll be here until 3 if you need me
We're open until 5pm today
The technician comes at 3
Can you text me by 3?
Please text me by 3
Should I call you at 3?
I'll text you when it is done
I'll text you once it arrives, around 3
If it isn't fixed by 3, I'll call you
I'll call you if the part isn't there by Friday
I won't be able to text you by 3
I'll not get to it by 3
I can't promise to text you by 3
I'll try to call you by 3
I might text you tomorrow morning
I hope I'll have an answer by Friday
Maybe I'll text you at 3
You'll text me by 3, right
She'll call you by 3
The vendor will call you at 3
I'll text you
I'll get back to you soon
I'll get back to you as soon as possible
I'll let you know later
I'll send you the link that expires in 20 minutes
I'll send you a code, it expires in 10 minutes
I'll text you about the meeting at 3
I'll call you after the meeting at 3
I'll send you the report from 3pm
I'll tell you what happened at 3
I'll call them by 3
I'll ask them to call you by 3
I'll have lunch at noon
I'll be back at my desk at 3
I'll be in a meeting at 3
I'll restart the server at 3
We'll shut down the VPN tonight
The server will be back by 3
Your laptop will be ready by Friday
Your appointment is tomorrow at 9
See you tomorrow at 9
I texted you at 3
I sent you the code at 3pm
I called you an hour ago
It takes 20 minutes
It should work in an hour
Restart it in 20 minutes
I'll send you 3 forms
I'll text you in 3 parts
I'll text you at 415 555 0100
I'll call you at extension 3
I'll call you at 12025550101
I'll send you the invoice for 3 laptops
I'll give you 20 minutes
I'll let you know by text
will the system be back today
I'll pass it to Omar, he will text you by 3
I'll answer your question about the outage at 3
I'll get you in touch with Omar
Let me know by 3
Let me check and see
Have a good afternoon
Estoy aquí hasta las 3
Escríbeme antes de las 3
¿Te llamo a las 3?
¿Puede llamarme a las 3?
Te aviso cuando llegue, a las 3
Si no llega hoy, te llamo mañana
No te puedo llamar a las 3
El técnico llega a las 3
Te envié el código a las 3
Te mando un enlace que vence en 20 minutos
Intentaré llamarte a las 3
La reunión es mañana a las 9
Nos vemos mañana
Te escribo luego
"""
TIMES = """
16:00 | I'll text you by 3 |
16:00 | I'll text you by 3pm |
16:00 | I'll text you by 9am | 2 09:00
16:00 | I'll text you by 5 | 1 17:00
20:00 | I'll text you by 8:30 | 1 20:30
22:30 | I'll text you by 1 | 2 01:00
18:00 | I'll text you today |
18:00 | I'll text you by end of day |
18:00 | I'll text you tomorrow by 3 | 2 15:00
18:00 | I'll text you in the morning | 2 12:00
18:00 | I'll text you by Tuesday | 8 17:00
10:00 | I'll text you by 12 | 1 12:00
10:00 | I'll text you by noon | 1 12:00
10:00 | I'll text you by 12:30am |
10:00 | I'll text you by 25 |
10:00 | I'll text you by 09:30 |
10:00 | I'll text you by 10 | 1 22:00
"""


def lines(table: str) -> list[tuple[str, ...]]:
    return [tuple(part.strip() for part in row.split("|")) for row in table.strip().splitlines()]


def on(day_and_time: str) -> datetime:
    day, clock = day_and_time.split()
    return datetime.fromisoformat(f"2026-12-{int(day):02} {clock}").replace(tzinfo=CHICAGO)


@pytest.mark.parametrize(("text", "at"), lines(PROMISES))
def test_each_promise_has_its_time(text: str, at: str) -> None:
    found = promised(text, NOW)
    assert found is not None
    assert found.at == on(at)
    assert NOW < found.remind_at < found.at


@pytest.mark.parametrize("text", NO_PROMISES.strip().splitlines())
def test_other_sentences_are_not_promises(text: str) -> None:
    assert promised(text, NOW) is None


@pytest.mark.parametrize(("clock", "text", "at"), lines(TIMES))
def test_a_time_is_never_in_the_past(clock: str, text: str, at: str) -> None:
    found = promised(text, on(f"1 {clock}"))
    assert (found and found.at) == (on(at) if at else None)


def test_the_tables_of_examples_are_large_enough() -> None:
    assert (len(lines(PROMISES)) >= 60, len(lines(NO_PROMISES)) >= 60) == (True, True)


def test_the_reminder_quotes_the_sentence_of_the_promise() -> None:
    found = promised("Thanks for waiting. I’ll text you by 3 p.m. today! Bye", NOW)
    assert found is not None
    assert found.words == "I’ll text you by 3 pm today!"


@pytest.mark.parametrize(("minutes", "before"), [(20, 5), (60, 15), (300, 15), (4, 1)])
def test_the_reminder_is_before_the_promise(minutes: int, before: int) -> None:
    at = NOW + timedelta(minutes=minutes)
    assert at - remind_at(NOW, at) == timedelta(minutes=before)


@pytest.mark.parametrize(
    ("minute", "kept"), [(2, False), (4, False), (5, True), (60, True), (61, False)]
)
def test_an_agents_text_before_the_time_keeps_the_promise(minute: int, kept: bool) -> None:
    made = {"made_at": NOW, "promised_at": NOW + timedelta(hours=1)}
    assert counts_as_kept(**made, written_at=NOW + timedelta(minutes=minute)) is kept


@pytest.mark.parametrize(
    ("note", "records"),
    [
        ("Called her, all fine", True),
        ("Spoke with Ann, the badge works", True),
        ("Left a voicemail", True),
        ("Call with Ann: solved", True),
        ("Llamé a Ana, todo bien", True),
        ("Hablé con ella", True),
        ("She called in yesterday", False),
        ("Call her by 3", False),
        ("Calls in sick", False),
    ],
)
def test_a_note_about_a_call_is_recognized(note: str, records: bool) -> None:
    assert is_call_note(note) is records
