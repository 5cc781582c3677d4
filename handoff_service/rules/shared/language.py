"""The language in which a requester texts, English or Spanish.

Only a clear text decides. Each known word counts for its language:

- A Spanish text has at least two Spanish words and more of them than English ones. One of them is
  neither a courtesy nor common in names. So "por favor" in an English text, "Ana de la Torre" and
  "El Paso" change nothing.
- An English text has at least two English words and more of them than Spanish ones.
- A text that asks for a language ("in English please") decides alone.

Without a clear text, a conversation has the language of the number's earlier conversations, else
English. A first text of Spanish words only ("hola") makes it Spanish, even with a single word.
"""

import re
from collections.abc import Iterable
from enum import StrEnum


class Language(StrEnum):
    """A language of the product's own texts. The values are ISO 639-1 codes."""

    ENGLISH = "en"
    SPANISH = "es"


def _words_in(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w']+", text))


# Words that are neither English nor common in names, without accents.
_SPANISH = _words_in(
    """
    disculpe disculpa perdon oye oiga que quien quienes cual cuales cuando donde como cuanto
    cuanta cuantos cuantas porque pero aunque tambien tampoco aqui alli ahi asi ahora ayer hoy
    despues antes siempre nunca todavia aun ya muy mas menos poco algo alguien nadie toda todos
    todas otro otra otros otras esto esta este estos estas eso esa ese aquel sus nuestro nuestra
    usted ustedes ella ellos ellas nosotros conmigo soy eres somos estoy estas estamos estan
    estaba estaban sigue siguen sigo seguir fue fueron era ser estar tengo tiene tienes tenemos
    tienen tener hay habia haber hemos han hace hacer haga hago hizo puedo puede puedes podemos
    pueden podria podrian poder quiero quiere quieres queremos quisiera querer necesito necesita
    necesitas necesitamos necesitan necesitar debo debe deberia voy vamos van ir viene venir
    dice dicen decir dijo digo salio salir sabes saben saber funciona funcionan funcionaba
    funcionar funcionando sirve sirven prende prender enciende encender apaga apago apagar carga
    cargan cargar abre abren abrir abrio cierra cerrar conecta conectar conecto conectarme
    entrar iniciar inicia ingresar acceder imprime imprimir olvide olvido olvidado perdi perdio
    perdido robaron robado dano danada danado rompio roto rota rompi rompieron quebro quebrada
    cayo caido caida atasco atascada atascado bloqueada bloqueado bloqueo bloquearon trabado
    trabada congelado congelada colgado lento lenta negra negro malo mala mal mojado mojada
    apagado apagada encendido dejo dejaron quedo queda llega llego llegan llegaron recibo recibi
    recibir mando mandar enviar envio veo oye oigo escuchar escucha escucho hablar hablo habla
    hablas hablan llamar llamo llame llamen escribir escribe escriba ayuda ayudar ayudarme ayude
    ayuden pedir pido solicitar solicito reportar reporto cambiar cambio cambiaron instalar
    actualizar actualizacion reiniciar reinicie reiniciado probar probe pasa paso pasando parece
    creo espero esperar falta falla fallo fallando arreglar arreglen revisar gustaria gusta
    trabajar trabajo trabajando temprano urgente rapido pronto computadora computador ordenador
    portatil equipo impresora pantalla teclado raton cargador bateria auriculares audifonos
    celular telefono movil tableta camara microfono bocina contrasena clave usuario cuenta
    correo correos archivo archivos carpeta inalambrica oficina escritorio reunion junta piso
    edificio sala cuarto puerta tarjeta credencial empleado jefe jefa companero companera gente
    caso casos pedido solicitud estado reporte problema problemas pregunta horario horarios
    abierto abierta abiertos cerrado numero equivocado nuevo nueva nuevos nuevas misma mismo uno
    dos tres desde sobre entre para durante ingles espanol castellano entiendo entiende
    comprendo alto basta pare paren parar detener detengan deja deje dejen dejar dejame dejenme
    moleste molesten molestar mensaje mensajes texto textos lista borre borren borrar elimine
    eliminen eliminar quite quiten quitenme saquen saquenme baja cancelar cancele cancelen
    desuscribir desuscribirme desuscribanme suscripcion manden escriban escribirme envien
    """
)
# Spanish words that are common in names or exist in English too. They count only together with a
# word of the other list.
_SHARED = _words_in(
    "a al con de del e el en es la las le les lo los me mi mia mio mis ni no nos o se si sin son su"
    " te tu un una unos unas y yo todo ver sale red persona paz"
)
#: English texts contain them too, so they prove nothing alone, and together they count as one word.
_COURTESY = _words_in(
    "hola buenas buenos dias tardes tarde noches adios gracias saludos por favor porfa porfavor"
    " mucho mucha muchos muchas gusto hasta luego manana nada tal amigo senor senora"
)
_ENGLISH = _words_in(
    """
    hi hello hey good morning afternoon evening thanks thank thx please pls plz sorry bye yes
    yeah yep nope ok okay sure the an this that these those it its it's i i'm im i've ive i'll
    my mine you your yours u ur we our they them their he she his her and or but if because so
    then than with without for from to of on at by into about after before since until while
    when where why what which who how is are am was were be been being isn't isnt aren't wasn't
    do does did don't dont doesn't doesnt didn't didnt have has had haven't havent hasn't can
    can't cant cannot could couldn't couldnt will won't wont would wouldn't should need needs
    want wants wanna gotta get gets getting got give go going gone goes keep keeps kept make
    makes let lets put take takes took tell tells told say says said see saw know knows think
    try trying tried tries use using used work works working worked open opens opened opening
    close start starts started stop stopped turn turned turning show shows showing ask asking
    talk speak call text send sent receive fix fixed help helping order buy replace change reset
    set forgot forget lost stolen broke broken cracked crashed crashes crashing frozen froze
    freezes freezing stuck locked blocked expired dead black blank slow down up out off back
    again still just only not any some all every everyone someone anyone nobody nothing
    something anything one two three new old other another same more less much many very really
    too also now today yesterday tomorrow week month hour minutes morning day time computer
    laptop monitor screen keyboard mouse printer phone headset charger cable battery camera
    password account username login email mail file files folder drive desk office floor room
    building meeting manager boss team ticket case request status update news issue problem
    error message connection network wifi internet app website page number name code person
    human agent real live english spanish there here ring beeping beep noise loud hot wet
    spilled coffee water
    """
)
#: Lower case only, to leave out names. Without é, because English has it ("resumé").
_ACCENTED = re.compile(r"(?<!\w)[a-zñáéíóúü]*[áíóúñ][a-zñáéíóúü]*(?!\w)")
_ACCENTS = str.maketrans("áéíóúüñ", "aeiouun")
LEAST = 2  # words of the language in a clear text


def language_of(text: str) -> Language | None:
    """The language of a clear text, or the language that the text asks for. None: the text does not
    decide."""
    if (asked := requested_language(text)) is not None:
        return asked
    words = _split(text)
    spanish = sum(word in _SPANISH for word in words)
    english = sum(word in _ENGLISH for word in words)
    beside = sum(word in _SHARED for word in words) + any(word in _COURTESY for word in words)
    accented = [_split(word)[0] for word in _ACCENTED.findall(text)]
    spanish += sum(word not in _SPANISH | _SHARED | _COURTESY for word in accented)
    spanish += "¿" in text or "¡" in text
    weight = spanish + beside / 2
    if spanish and spanish + beside >= LEAST and weight > english:
        return Language.SPANISH
    if english >= LEAST and english > weight:
        return Language.ENGLISH
    return None


def is_unknown(text: str) -> bool:
    """Whether the text has no known word of either language. It may be in a third language."""
    return not any(w in _SPANISH | _SHARED | _COURTESY | _ENGLISH for w in _split(text))


def conversation_language(texts: Iterable[str], before: Iterable[str] = ()) -> Language:
    """The language of the replies. ``texts``: the requester's texts in this conversation, the
    newest first. ``before``: their texts in earlier conversations, which count if ``texts`` do not
    decide."""
    oldest = ""
    for oldest in texts:
        if (clear := language_of(oldest)) is not None:
            return clear
    for text in before:
        if (clear := language_of(text)) is not None:
            return clear
    return Language.SPANISH if _is_all_spanish(oldest) else Language.ENGLISH


def _is_all_spanish(text: str) -> bool:
    words = _split(text)
    return any(word in _SPANISH or word in _COURTESY for word in words) and all(
        word in _SPANISH or word in _COURTESY or word in _SHARED for word in words
    )


def _split(text: str) -> list[str]:
    folded = text.casefold().replace("\u2019", "'").translate(_ACCENTS)
    return re.findall(r"[\w']+", folded)


# Texts that ask for a language --------------------------------------------------------------------

_NAMES = {
    **dict.fromkeys(("english", "ingles", "inglish", "eng"), Language.ENGLISH),
    **dict.fromkeys(("spanish", "espanol", "castellano", "spanol"), Language.SPANISH),
}
#: The other words of a text that asks for a language. A text with any further word is about
#: something else: "my Spanish keyboard is broken".
_COURTESIES = _words_in(
    """
    please pls plz thanks thank you u hi hello hey ok okay yes no not sorry lets let's let me us
    we i i'd id im i'm can could may would will do does did don't dont to in into on with the a
    is it be only just back instead of now again actually use speak speaking talk text write
    reply answer respond switch change continue keep stay go prefer prefers want like need
    rather language anyone anybody someone somebody there here and or but understand know por
    favor porfa gracias hola buenas si en el al de un una que se lo le les mi me te nos yo solo
    solamente mejor ahora otra vez puedo puede puedes pueden podemos podria podrian quiero
    quiere prefiero quisiera necesito hablar hablo habla hablas hablan hable hablamos hablemos
    hablame hableme escribir escribe escribeme escriba escribame escriban responder responde
    responda respondeme respondame contestar contesta conteste contesteme cambiar cambia cambie
    cambio seguir sigue siga sigamos continuar idioma usted ustedes alguien entiendo entiende
    entienden comprendo ser leer leo mucho muy bien
    stick back have got read reading writing texting texts why are was were my your me for so very
    that this these wrong well good better best easier fine comfortable bad poor hard difficult
    weak version who if will get it possible other another languages what which translate more
    both either okay both does help that's thats what's whats cant can't i've ive we're
    dice diga digame digamelo decir traduce traduzca traducir traduceme traduzcame hay atencion
    servicio tienen quien que cual sea preferiria gustaria escribirme escriban respondan
    contesten idiomas disculpe disculpa perdon regresa regrese regresemos vuelve vuelva volvamos
    volver pasa pase mi es malo mala poco poquito cuesta dificil facil comodo comodidad esta esto
    eso porque todo tu su otro otros es posible speaks bueno buena
    manden manda envia envie enviame ponme ponga
    """
)
_REFUSES = re.compile(
    r"\b(?:not|no|don't|dont|can't|cant|cannot|instead of|en vez de|en lugar de|me cuesta|why"
    r"|por que)"
    r"(?: (?:hablo|entiendo|comprendo|se|leo|quiero|hablar|speak|understand|know|want|need|like"
    r"|read|write|good|much|mucho|muy|bien|in|en|el|the|to|me|any|is|are|was|it|this|that|you"
    r"|texting|writing|speaking|talking|answering|esta|esto|eso|escribe|habla|todo)){0,4}$"
)
#: What follows a language that the requester does not know well: "my English is not good".
_WEAK = re.compile(
    r"^(?:is|isn't|isnt|es|no es)"
    r"(?: (?:very|too|so|really|quite|a bit|muy|not|not very|not so))? ?"
    r"(?:good|bad|poor|hard|weak|difficult|malo|mala|dificil|poco|bueno)\b"
)
_EASY = re.compile(r"^is (?:very |so |really )?good\b")
#: Asks for the other language without its name. The desk's other language is Spanish.
_ANOTHER = re.compile(
    r"\b(?:other|another|change|switch|what|which) (?:the |your )?languages?\b"
    r"|\b(?:otros?|que|cambi\w+ (?:el|de)) idiomas?\b|\btradu[cz]\w+"
)


def requested_language(text: str) -> Language | None:
    """The language that the whole text asks for: "keep English", "en inglés por favor". None for
    every other text, even if it names a language."""
    folded = text.casefold().replace("\u2019", "'").translate(_ACCENTS)
    words = re.findall(r"[\w']+|[,.;!?]", folded)
    named = [at for at, word in enumerate(words) if word in _NAMES]
    others = [word for word in words if word not in _NAMES and word[0].isalnum()]
    if any(word not in _COURTESIES for word in others):
        return None
    if not named:
        return Language.SPANISH if _ANOTHER.search(folded) else None
    refused = [_is_refused(words, at) for at in named]
    wanted = [_NAMES[words[at]] for at, no in zip(named, refused, strict=True) if not no]
    if wanted:
        return wanted[0]
    unwanted = _NAMES[words[named[0]]]
    return Language.ENGLISH if unwanted is Language.SPANISH else Language.SPANISH


def _is_refused(words: list[str], at: int) -> bool:
    """Whether the text refuses the language that it names in this place, or is weak in it."""
    after = " ".join(words[at + 1 :])
    weak = bool(_WEAK.match(after)) and not _EASY.match(after)
    return weak or bool(_REFUSES.search(" ".join(words[:at])))
