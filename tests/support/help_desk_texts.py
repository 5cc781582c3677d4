"""More than a thousand texts to a help desk that do not request an opt-out, grouped by kind.

Half of them contain an opt-out word in its everyday meaning: a computer that stops, a program that
quits, a request to cancel, a mailing list to leave. The others are ordinary texts to a help desk.
"""

from collections.abc import Iterator
from itertools import product

_APPS = (
    *(
        "Outlook",
        "Teams",
        "the VPN",
        "Excel",
        "my browser",
        "Zoom",
        "SAP",
        "the badge app",
        "OneDrive",
        "the scanner",
    ),
    *(
        "the printer on floor 3",
        "the time sheet tool",
        "the newsletter tool",
        "my second monitor",
        "Acrobat",
    ),
)
_KINDS: tuple[tuple[str, ...], ...] = (
    # stop
    (
        "{app} won't stop crashing",
        "{app} stopped working this morning",
        "how do I stop {app} from starting by itself",
    ),
    (
        "please stop {app} from updating during my calls",
        "make {app} stop asking for my password",
        "{app} stops and goes",
    ),
    (
        "can you stop the update of {app}",
        "stop {app} please it is eating my memory",
        "{app} will not stop beeping",
    ),
    # quit and end
    (
        "{app} quit unexpectedly",
        "how do I force quit {app}",
        "{app} quits when I open a file",
        "quit {app} for me?",
    ),
    (
        "{app} shows end of support",
        "the end key does nothing in {app}",
        "at the end {app} just closed",
        "end {app} task",
    ),
    # cancel
    (
        "please cancel my order for {app}",
        "cancel my request about {app}",
        "can't cancel the print job in {app}",
    ),
    (
        "cancel the install of {app}",
        "I want to cancel the license for {app}",
        "the cancel button of {app} is gray",
    ),
    # unsubscribe, remove, list, opt out
    (
        "unsubscribe button missing in {app}",
        "{app} says I am unsubscribed",
        "how do I unsubscribe a user in {app}",
    ),
    (
        "remove me from the distribution list in {app}",
        "take me off the user list of {app}",
        "remove {app} from my laptop",
    ),
    (
        "please remove me from the group in {app}",
        "delete my number from my profile in {app}",
        "{app} lost my contact list",
    ),
    (
        "opt out of the beta of {app}",
        "where do I opt out of automatic updates for {app}",
        "revoke his access to {app}",
    ),
    (
        "please revoke the certificate of {app}",
        "I did not consent to the new terms of {app}",
        "remove my account in {app}",
    ),
    # messages that are not texts
    (
        "stop the messages from {app}",
        "{app} keeps sending me messages",
        "I get too many messages from {app}",
    ),
    (
        "do not send me a ticket for {app}, call me",
        "stop sending me emails from {app}",
        "no more space in {app} messages",
    ),
    (
        "I don't want to get notifications from {app}",
        "{app} does not send me texts with the code",
        "texts from {app} come late",
    ),
    # Spanish
    (
        "{app} no para de reiniciarse",
        "quita {app} de mi computadora",
        "quiero cancelar mi pedido de {app}",
    ),
    (
        "dar de baja mi cuenta de {app}",
        "den de baja a Juan en {app}",
        "no me llegan los mensajes de {app}",
    ),
    (
        "saquen a Ana de la lista de {app}",
        "no puedo borrar {app}",
        "deja de funcionar {app} cada tarde",
    ),
    # other texts
    (
        "{app} is slow today",
        "I need access to {app}",
        "who do I ask about {app}?",
        "{app} asks for a code and none comes",
    ),
    (
        "is {app} down?",
        "my password for {app} is wrong",
        "{app} shows a blue screen",
        "when will {app} be back?",
    ),
    (
        "I need a license for {app}",
        "{app} does not open any more",
        "thanks, {app} works again",
        "error 0x80070005 in {app}",
    ),
)
_ALONE = (
    *(
        "please stop calling",
        "we have got to STOP this",
        "STOP 12345",
        "my computer won't stop rebooting",
        "the bus stop",
    ),
    *(
        "don't stop",
        "do not stop the update",
        "stop sign photo for the report",
        "it stops",
        "the fan never stops",
    ),
    *(
        "remove me from the marketing distribution list",
        "remove me from the all-staff list please",
        "cancel my request",
    ),
    *(
        "take me off the on-call list",
        "take me off the mailing list for building 4",
        "can you take me off the rota",
    ),
    *(
        "remove my number from the phone directory",
        "remove my old number from my profile",
        "change my number",
    ),
    *(
        "no me manden a otra cola",
        "quita el programa",
        "no me manden otra laptop",
        "dame de baja en el gimnasio",
    ),
    *(
        "saquen mi foto de la lista",
        "borra mi cuenta",
        "para la impresora",
        "alto consumo de memoria",
        "la baja de Pedro",
    ),
    *(
        "end of day is fine",
        "it is the end of my shift",
        "end call button is missing",
        "cancel that",
        "actually, cancel it",
    ),
    *(
        "i quit my job on friday, what do I return?",
        "quit asking me for a password",
        "Outlook quit",
        "quitting time",
    ),
    *(
        "my unsubscribe link is broken",
        "customers cannot unsubscribe",
        "we need an opt out page",
        "opt out form is down",
    ),
    *(
        "unsubscribe me from the newsletter",
        "how do I leave a Teams channel",
        "leave me a note at the desk",
    ),
    *(
        "text me when it is done",
        "do not text me the code, mail it",
        "don't call me before 9",
        "never got the text message",
    ),
    *(
        "do not contact me before monday",
        "don't text me at night, I am on days",
        "stop texting my old number use this one",
    ),
    *(
        "I do not want a new laptop",
        "no more paper in the printer",
        "no more than two monitors please",
        "no messages in my inbox",
    ),
    *(
        "I want to be removed from the phishing training",
        "delete my messages",
        "all my messages are gone",
        "where are my texts?",
    ),
    *(
        "my phone gets no texts",
        "text messages do not arrive",
        "messages app crashes",
        "sms codes never come",
        "no sms",
    ),
    *(
        "I don't want to lose my files",
        "do not delete my account",
        "do not remove my access",
        "I need to cancel a meeting",
    ),
    *(
        "they keep texting me about a package, is it phishing?",
        "I got a text from you, is it real?",
        "is this a scam text?",
    ),
    *(
        "spam texts on my work phone",
        "block texts from an unknown number on my work phone",
        "who is my manager in SAP",
    ),
    *(
        "wrong number in the directory",
        "the wrong number is on my badge",
        "what number is the service desk",
        "wrong person on the ticket",
    ),
    *(
        "yes",
        "no",
        "ok",
        "2",
        "help",
        "thanks!",
        "hello",
        "agent",
        "hi there",
        "good morning",
        "my laptop",
        "printer",
    ),
    *(
        "end users cannot log in",
        "cancel culture poster is stuck in the printer",
        "the list is empty",
    ),
    *(
        "start menu is gone",
        "stop code CRITICAL_PROCESS_DIED",
        "stop error 0x0000007B",
        "full stop key broken",
    ),
    *(
        "take my name off the list of printers",
        "get me off the waitlist for the standing desk",
        "put me on the list",
    ),
    *(
        "I do not agree",
        "I don't agree with the charge",
        "I don't consent to the new policy",
        "don't text me on this number, use my cell",
        "Do not contact my manager",
        "stop asking me questions",
        "I want these pop ups to stop",
        "I want the noise to stop",
        "this is not my laptop",
        "I am not John, I am Joan",
        "I don't work there anymore",
        "can you stop by",
        "would you mind not closing it",
        "please refrain from restarting the server",
        "no puedo dejar de recibir correos",
        "no me vuelva a abrir el mismo caso",
        "dar de baja a un empleado",
        "dar de baja el equipo",
        "quiero dejar de usar Outlook",
        "reply all does not stop",
        "the carrier says reply STOP but nothing happens",
        "stop forwarding my texts to my manager",
        "how do I stop Outlook from texting me",
        "no longer need this",
        "it beeps. stops. beeps again",
        "it will not stop. the printer I mean",
        "the fan is loud. how do I stop it?",
        "screen says STOP. what now?",
    ),
    *(
        "drop me from the calendar invite",
        "please remove this user",
        "remove the virus",
        "delete this number from my contacts app",
    ),
)


def texts() -> list[str]:
    """Return each text once."""
    return list(dict.fromkeys(_composed()))


def _composed() -> Iterator[str]:
    yield from _ALONE
    for kind, app in product(_KINDS, _APPS):
        for template in kind:
            yield template.format(app=app)
