"""The default texts of the system messages in Spanish, for requesters who text in Spanish.

No á, í, ó or ú: one such letter leaves a text only 70 characters.
"""

from collections.abc import Mapping

#: The name of a system message -> its text, with the same placeholders as in English.
SPANISH_TEXTS: Mapping[str, str] = {
    "in_line": "Usted queda en espera de {queue}. Le respondemos por este medio.",
    "waiting": (
        "En {queue} todos atienden a otras personas. Usted queda en espera y le respondemos por "
        "este medio."
    ),
    "closed": (
        "{queue} ha cerrado y abre {opens}. Usted queda en espera y le respondemos por este medio."
    ),
    "bot_instead": "Escriba BOT para volver al agente virtual.",
    "back_with_bot": (
        'Vuelve a hablar con el agente virtual. Escriba "agente" para hablar con una persona.'
    ),
    "closing_line": "{agent.first_name} ha cerrado este chat. Puede escribirnos cuando quiera.",
    "account_help": (
        "He abierto el caso {case} con prioridad alta. Un agente le ayuda en este chat. Nunca nos "
        "escriba una contraseña."
    ),
    "goodbye": "Hasta luego, y gracias. Puede escribirnos cuando quiera.",
    "help": (
        "{desk}: cuente su problema, o escriba AGENTE para una persona, ADIOS para terminar, STOP "
        "para no recibir textos. Puede tener costo."
    ),
    "restarted": "De acuerdo, empecemos de nuevo. ¿En qué le ayudamos?",
    "opted_out": "Ya no recibe textos de {desk}. Escriba START para volver a recibirlos.",
    "opted_in": (
        "Vuelve a recibir textos de {desk}. Escriba HELP para ver la ayuda, STOP para no "
        "recibirlos."
    ),
    "ask_opt_out": (
        "¿Quiere dejar de recibir textos de {desk}? Responda STOP para no recibirlos, o cuente "
        "qué necesita."
    ),
    "wrong_number": (
        "Este es {desk}, un soporte que atiende por texto. Responda STOP para no recibir textos, "
        "o cuente qué necesita."
    ),
    "case_resolved": (
        "Su caso {case} ({about}) ya se ha resuelto. ¿Sigue igual? Basta con responder."
    ),
    "outage_over": "{outage}: ya funciona. ¿Sigue sin funcionar? Basta con responder.",
    "satisfaction": "¿Qué tal le atendimos? Responda de 1 a 5 (5 es lo mejor).",
    "low_grade": "Gracias por avisarnos. ¿Qué debimos hacer mejor?",
}
#: The name of a placeholder -> words in place of a value that is too long.
SPANISH_INSTEAD: Mapping[str, str] = {
    "queue": "nuestro equipo",
    "opens": "luego",
    "case": "un caso",
    "about": "su reporte",
    "outage": "El servicio",
    "agent.first_name": "Nuestro agente",
    "desk": "El soporte",
}
MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
