"""The Spanish texts of the virtual agent's actions: English -> Spanish, with the same
``{placeholders}``.

They have no á, í, ó or ú, because these letters are not in GSM-7 and force UCS-2, which has less
than half the room.
"""

from collections.abc import Mapping

from handoff_service.rules.shared.language import Language

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
    "{number}{about}: {state}. Last updated {day}.": (
        "{number}{about}: {state}. Actualizado {day}."
    ),
    "open, waiting for an agent": "abierto, espera a un agente",
    "open": "abierto",
    "in progress": "en curso",
    "resolved": "resuelto",
    "closed": "cerrado",
    "Your open case:": "Su caso abierto:",
    "Your open cases:": "Sus casos abiertos:",
    "You have {count} open cases, the newest:": "Tiene {count} casos abiertos. Los recientes:",
    "Your case {number} is already open. A person will continue with it here.": (
        "Su caso {number} ya queda abierto. Un agente va a seguir con usted en este chat."
    ),
    "Down right now: {titles}. Ask me about any of them by name.": (
        "Ahora falla: {titles}. Ya trabajamos en eso."
    ),
    "We're open until {end} ({place}). Text AGENT to talk to a person.": (
        'Atendemos hasta {end} ({place}). Escriba "agente" para hablar con una persona.'
    ),
    "We're closed now and open again {opens} ({place}). You can text any time.": (
        "Ahora no atendemos. Abrimos {opens} ({place}). Puede escribirnos cuando quiera."
    ),
    "We're closed now, and the next opening time isn't known yet. You can text any time.": (
        "Ahora no atendemos, y no se sabe la hora en que abrimos. Puede escribirnos cuando quiera."
    ),
    "Your text had no words. How can I help?": "Su texto no tiene palabras. ¿En qué le ayudo?",
    "Your text had no words. Please answer with one of these:": (
        "Su texto no tiene palabras. Responda con una de estas:"
    ),
    "Please answer with the number or the words of one of these:": (
        "Responda con el 1, el 2... o con las palabras de una de estas:"
    ),
    "I still need an answer to finish your report. Without one, I'll open the case as it is.": (
        "Falta una respuesta para terminar su reporte. Si no la da, abro el caso como va."
    ),
    "Down right now: {titles}. {text}": "Ahora falla: {titles}. Aviso de soporte: {text}",
    'To cancel only your report, text START, then "never mind".': (
        'Para dejar solo el reporte, escriba START y luego "no importa".'
    ),
    "We're open around the clock. Text AGENT to talk to a person.": (
        'Atendemos las 24 horas. Escriba "agente" para hablar con una persona.'
    ),
    "1 attempt": "1 intento",
    "{left} attempts": "{left} intentos",
    "Same issue": "Es eso",
    "Something else": "Es otra cosa",
}

#: Names of knowledge facts, which admins choose -> their names in a Spanish question.
SPANISH_FACTS: Mapping[str, str] = {
    "birth year": "año de nacimiento",
    "year of birth": "año de nacimiento",
    "birth date": "fecha de nacimiento",
    "date of birth": "fecha de nacimiento",
    "birthday": "fecha de nacimiento",
    "badge number": "ID de credencial",
    "badge": "ID de credencial",
    "desk number": "ID de escritorio",
    "start date": "fecha de ingreso",
    "hire date": "fecha de ingreso",
    "start year": "año de ingreso",
    "manager": "jefe",
    "department": "departamento",
    "office": "oficina",
    "city": "ciudad",
    "last name": "apellido",
    "mother's maiden name": "apellido de su madre",
}


def facts_in_language(asked: str, language: str | None) -> str:
    """The facts in a question, such as ``birth year or badge number``, in the language. A fact
    without a translation keeps the admin's name."""
    if language != Language.SPANISH:
        return asked
    names = asked.split(" or ")
    return " o ".join(SPANISH_FACTS.get(name.casefold(), name) for name in names)


def in_language(text: str, language: str | None) -> str:
    """The text in Spanish when the conversation is in Spanish and the text has a translation."""
    return SPANISH.get(text, text) if language == Language.SPANISH else text
