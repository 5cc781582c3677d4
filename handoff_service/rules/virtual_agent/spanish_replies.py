"""What the virtual agent's actions say in Spanish: English -> Spanish, with the same
``{placeholders}``.

No á, í, ó or ú, because these letters need the encoding with half the room.
"""

from collections.abc import Mapping

SPANISH: Mapping[str, str] = {
    "I've opened {what} {number}{about}. {then}": "He abierto {what} {number}{about}. {then}",
    "case": "el caso",
    "request": "el pedido",
    "Text any details here, or ask for a person.": "Escriba otros detalles, o pida una persona.",
    "A person will continue with you here.": "Una persona va a seguir con usted.",
    "We'll text you updates. Ask me for its status any time.": (
        "Le avisaremos por texto. Puede preguntarme por su estado."
    ),
    "Added to {number}: {about}.": "Agregado a {number}: {about}.",
    "I can't find that case. Check the number, or ask for the status of your cases.": (
        "No encuentro ese caso. Revise las cifras, o pregunte por el estado de sus casos."
    ),
    "You have no open cases. If something is wrong, describe it in one sentence and I'll open "
    "one.": (
        "No tiene casos abiertos. Si algo no funciona, cuente qué pasa en una frase y abro uno."
    ),
    "There are no known outages right now. If something is wrong, describe it in one "
    "sentence and I'll open a case.": (
        "No sabemos de ninguna falla general. Si algo no funciona, cuente qué pasa en una "
        "frase y abro un caso."
    ),
    "We're open around the clock. Text AGENT to talk to a person.": (
        'Atendemos las 24 horas. Escriba "agente" para hablar con una persona.'
    ),
    "1 try": "1 intento",
    "{left} tries": "{left} intentos",
    "That is it": "Es eso",
    "Something else": "Es otra cosa",
}


def in_language(text: str, language: str | None) -> str:
    """The text in Spanish when the conversation is in Spanish and the text has a translation."""
    return SPANISH.get(text, text) if language == "es" else text
