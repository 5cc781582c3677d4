"""Recognizes the language of a requester's texts. A Spanish name or word in an English text does
not make it Spanish.
"""

import pytest

from handoff_service.rules.shared.language import Language
from handoff_service.rules.shared.language_of_text import conversation_language, language_of
from handoff_service.rules.shared.requested_language import requested_language
from tests.bot.test_training_data import examples

ENGLISH = """
hi
hello there
ok
thx
my laptop wont turn on
laptop broken
wifi down
vpn
outlook keeps asking for my password
i need a new monitor please
need help asap
cant log in to Workday
whats the status of my case
CS0000012
is it just me or is teams down
printer on floor 2 is jammed
the screen in sala 3 flickers
the projector in San Jose is dead
El Paso office has no internet
Los Angeles, 3rd floor, badge reader broken
this is Ana de la Torre, my keyboard is wet
its Maria del Carmen from HR
hi, José Núñez here
Luis García cant open SAP
hola, can you help me with my phone
gracias
muchas gracias, that fixed it
no problemo, i can wait
por favor fix it soon, my mouse is dead
mi laptop is broken
adios
no
no way
si
si, that works
1
2 please
yes
my keyboard types ñ instead of ;
i need a spanish keyboard
the menu of my phone is in spanish now
how do i type ¿ on this laptop
my english teacher app crashed
Duolingo spanish wont open
el wifi is down again lol
que? i dont understand the question
casa grande store, register 4 frozen
Nada app crashes
Vista and Mesa conference rooms double booked
La Quinta front desk here, printer offline
black screen, no lights
it just beeps
me too
a en es y o
de la cruz
solo laptop
can you come to the Santa Fe site
Adobe Premiere and Visio are missing
qwerty asdf
buenos dias
""".strip().splitlines()
SPANISH = """
hola, mi computadora no prende
mi laptop no enciende
no funciona el wifi
Outlook no abre
no puedo entrar a Workday
olvidé mi contraseña
olvide mi contrasena
necesito ayuda
necesito un monitor nuevo
quiero hablar con una persona
la impresora está atascada
se me cayó el celular al agua
¿hablas español?
¿cuál es el estado de mi caso?
como va mi caso
que tal? no funciona mi ordenador
el teclado no sirve
mi compu no jala y tengo junta
está muy lento hoy
no me llega el correo
me bloquearon la cuenta
cuando abren?
a qué hora cierran
tengo un problema con Teams
no tengo internet en la oficina
la pantalla está negra
soy Ana, de recursos humanos, y no veo mi calendario
el VPN no conecta desde ayer
Excel se cierra solo cada vez que abro el archivo
puede ser un cargador también
necesito un laptop para un empleado nuevo
llámenme por favor, no puedo escribir mucho
alguien me puede ayudar
todavía no me llega el código
ya funciona, gracias
ya quedó, muchas gracias
me robaron el teléfono
no entiendo
no escucho nada en las llamadas
los auriculares no se oyen
perdí mi tarjeta de acceso
no puedo imprimir
sí, también la impresora del segundo piso
puedo trabajar pero lento
no puedo trabajar
está roto
hoy no prendió la tableta
hay una falla en el sistema?
mi jefe no puede abrir SAP
mi número de empleado es E1001
quisiera reportar un problema
me pueden cambiar el mouse
el cable del proyector está dañado
se congeló la pantalla del iPad
dónde recojo mi equipo
la sala Mesa no tiene video
estoy en El Paso y no hay red
Zoom me dice que no tengo permiso
la app de Adobe no inicia
buenos días, disculpe, quién me ayuda con SharePoint
""".strip().splitlines()
FIRST_WORDS = [
    ("alto por favor", Language.SPANISH),
    ("déjenme en paz", Language.SPANISH),
    ("baja", Language.SPANISH),
    ("Palo Alto", Language.ENGLISH),
    ("hola", Language.SPANISH),
    ("ayuda", Language.SPANISH),
    ("buenas tardes", Language.SPANISH),
    ("impresora", Language.SPANISH),
    ("hola Juan", Language.ENGLISH),
    ("hello", Language.ENGLISH),
    ("de la", Language.ENGLISH),
    ("", Language.ENGLISH),
]
WISHES = [
    ("english please", Language.ENGLISH),
    ("keep English", Language.ENGLISH),
    ("en inglés por favor", Language.ENGLISH),
    ("no, english please", Language.ENGLISH),
    ("I don't speak Spanish", Language.ENGLISH),
    ("no hablo español", Language.ENGLISH),
    ("can we go back to english?", Language.ENGLISH),
    ("english, not spanish", Language.ENGLISH),
    ("hablas español?", Language.SPANISH),
    ("español", Language.SPANISH),
    ("in Spanish please", Language.SPANISH),
    ("do you speak spanish", Language.SPANISH),
    ("no hablo inglés", Language.SPANISH),
    ("no entiendo inglés, español por favor", Language.SPANISH),
    ("puede contestar en español", Language.SPANISH),
    ("stick with english", Language.ENGLISH),
    ("regresa a inglés", Language.ENGLISH),
    ("why are you texting in spanish", Language.ENGLISH),
    ("my spanish is bad", Language.ENGLISH),
    ("english is fine", Language.ENGLISH),
    ("my english is not so good", Language.SPANISH),
    ("english is hard for me, spanish is better", Language.SPANISH),
    ("is there someone who can text me in spanish", Language.SPANISH),
    ("me lo puede decir en español", Language.SPANISH),
    ("change language", Language.SPANISH),
    ("otro idioma", Language.SPANISH),
    ("what is it", None),
    ("my other one is better", None),
    ("i need a spanish keyboard", None),
    ("my spanish class app is down", None),
    ("reset my english dictionary", None),
    ("hello", None),
]


GERMAN = """
mein laptop geht nicht an
der drucker im 2. stock druckt nicht
ich kann mich nicht anmelden
Passwort vergessen
brauche einen neuen Monitor
kann ich mit einem menschen sprechen
Outlook öffnet sich nicht
ist das vpn gerade kaputt?
wie ist der stand von meinem fall
hallo, mein Bildschirm ist schwarz
ich warte immer noch
"""
FRENCH = """
mon ordinateur ne s'allume pas
l'imprimante du 2e étage est en panne
je n'arrive pas à me connecter
j'ai oublié mon mot de passe
il me faut un nouvel écran s'il vous plaît
je voudrais parler à quelqu'un
Outlook ne s'ouvre plus
est-ce que le vpn est en panne ?
où en est mon dossier
bonjour, mon écran est noir
toujours rien depuis ce matin
"""


@pytest.mark.parametrize("text", GERMAN.strip().splitlines())
def test_german_texts_are_recognized(text: str) -> None:
    assert language_of(text) is Language.GERMAN


@pytest.mark.parametrize("text", FRENCH.strip().splitlines())
def test_french_texts_are_recognized(text: str) -> None:
    assert language_of(text) is Language.FRENCH


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hallo", Language.GERMAN),
        ("guten tag", Language.GERMAN),
        ("bonjour", Language.FRENCH),
        ("hola", Language.SPANISH),
        ("hi", Language.ENGLISH),
        ("ok", Language.ENGLISH),
        ("VPN", Language.ENGLISH),
        ("merci, that fixed it", Language.ENGLISH),
        ("die Hard is on", Language.ENGLISH),
        ("La Defense office, 3rd floor, no wifi", Language.ENGLISH),
        ("this is Jean de la Croix", Language.ENGLISH),
        ("Jürgen Groß from Köln cannot log in", Language.ENGLISH),
    ],
)
def test_the_language_of_a_first_text_is_recognized(text: str, language: Language) -> None:
    assert conversation_language([text]) is language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("deutsch bitte", Language.GERMAN),
        ("können wir auf Deutsch schreiben?", Language.GERMAN),
        ("do you speak German", Language.GERMAN),
        ("en français s'il vous plaît", Language.FRENCH),
        ("parlez-vous français ?", Language.FRENCH),
        ("french please", Language.FRENCH),
        ("auf englisch bitte", Language.ENGLISH),
        ("i don't speak german", Language.ENGLISH),
        ("translate this to french", None),
        ("my german keyboard is broken", None),
    ],
)
def test_a_request_for_german_or_french_is_recognized(text: str, language: Language | None) -> None:
    assert requested_language(text) is language


def test_without_a_clear_text_the_earlier_texts_or_the_default_decide() -> None:
    assert conversation_language(["ok", "1"], otherwise=Language.GERMAN) is Language.GERMAN
    assert conversation_language(["ok"], ["mi laptop no enciende"], Language.GERMAN) is (
        Language.SPANISH
    )


@pytest.mark.parametrize(
    ("intent", "language"),
    [("speak_english", Language.ENGLISH), ("speak_spanish", Language.SPANISH)],
)
def test_the_rule_recognizes_every_example_of_a_language_request(
    intent: str, language: Language
) -> None:
    """The service sets the language by this rule before the bot answers. If the rule missed an
    example, the requester would get one answer in the requested language and the next in the old
    one.
    """
    unknown = [text for text in examples()[intent] if language_of(text) is not language]
    assert unknown == []


def test_no_other_example_is_a_language_request() -> None:
    others = [t for intent, texts in examples().items() for t in texts if "speak_" not in intent]
    assert [text for text in others if requested_language(text) is not None] == []


def test_the_tables_have_enough_texts() -> None:
    assert len(ENGLISH) == 60
    assert len(SPANISH) == 60


@pytest.mark.parametrize("text", ENGLISH)
def test_english_is_not_taken_for_spanish(text: str) -> None:
    assert language_of(text) is not Language.SPANISH
    assert conversation_language([text, "my laptop is broken"]) is Language.ENGLISH
    assert conversation_language([text, "wifi"]) is Language.ENGLISH


@pytest.mark.parametrize("text", SPANISH)
def test_spanish_texts_are_recognized(text: str) -> None:
    assert language_of(text) is Language.SPANISH


@pytest.mark.parametrize("text", ["ok", "1", "👍", "CS0000012", "outlook", "ana@example.com", "no"])
def test_a_text_without_a_language_does_not_change_the_conversations_language(text: str) -> None:
    assert conversation_language([text, "mi laptop no enciende"]) is Language.SPANISH
    assert conversation_language([text, "my laptop is dead"]) is Language.ENGLISH


@pytest.mark.parametrize(("text", "language"), FIRST_WORDS)
def test_a_first_text_of_one_word_can_decide_the_language(text: str, language: Language) -> None:
    assert conversation_language([text]) is language


def test_a_new_conversation_starts_in_the_language_of_the_last_one() -> None:
    assert conversation_language(["START"], ["mi laptop no enciende"]) is Language.SPANISH
    assert conversation_language(["hola"], ["my laptop is dead"]) is Language.ENGLISH
    assert conversation_language(["my laptop is dead"], ["no enciende hoy"]) is Language.ENGLISH


@pytest.mark.parametrize(("text", "language"), WISHES)
def test_a_language_request_is_recognized(text: str, language: Language | None) -> None:
    assert requested_language(text) is language
    if language is not None:
        assert conversation_language([text, "hola, no funciona", "my wifi is down"]) is language
