"""The language of a text, English or Spanish, where it is clear."""

import re

_SPANISH = frozenset(
    re.findall(
        r"\w+",
        """
        hola buenos buenas dias tardes gracias por favor porfa necesito tengo quiero quisiera ayuda
        funciona puedo puede mi mis el la los las un una unos que de del en con para pero esta este
        computadora ordenador impresora pantalla contrasena cuenta correo celular telefono internet
        nueva nuevo se no me lo ya muy desde hoy ayer como cuando donde trabajar entrar abrir olvide
        habla hablas hablan espanol castellano
        teclado raton falla roto rota lento prende enciende soy estoy es y
        """,
    )
)
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """
        hi hello hey thanks thank please the my a an i is it and to of in on with for but this that
        need want help work works working cant can can't won't wont new computer password account
        laptop printer screen broken slow since today yesterday how when where do does not not get
        """,
    )
)
_ACCENTS = str.maketrans("áéíóúüñ", "aeiouun")
LEAST = 2  # words of the language in a clear text


def language_of(text: str) -> str | None:
    """``es`` or ``en``. None when too few words are known, or as many of both: the text changes
    nothing."""
    said = text.casefold().replace("\u2019", "'").translate(_ACCENTS)
    words = re.findall(r"[\w']+", said)
    spanish, english = (sum(w in known for w in words) for known in (_SPANISH, _ENGLISH))
    if max(spanish, english) < LEAST or spanish == english:
        return None
    return "es" if spanish > english else "en"
