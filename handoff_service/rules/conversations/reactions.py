"""Reactions that phones send as texts: a tapback, or an emoji on a message, quoting the message that it is about.

Phones do this where the other side has no reactions, as over SMS. Sources of the wording:
https://support.apple.com/guide/iphone/use-tapbacks-iph018d3c336/ios (the six tapbacks, and any emoji since iOS 18),
https://support.google.com/messages/answer/10072342 (emoji reactions), and what people report of both, such as
https://github.com/FossifyOrg/Messages/issues/190 and https://github.com/openclaw/imsg/issues/66.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.rules.delivery.sms_characters import INVISIBLE_NAMES, is_visible
from handoff_service.rules.virtual_agent.bot_text import plain

LIKE, LOVE, DISLIKE, LAUGH, STRESS, ASK = "👍", "❤️", "👎", "😂", "‼️", "❓"
STICKER = "🖼️"
#: Emoji -> how iMessage begins the text, by language.
VERBS: Mapping[str, Mapping[str, Sequence[str]]] = {
    LIKE: {
        "en": ("Liked",),
        "es": ("Le gustó", "Le gusta", "Le ha gustado", "Me gusta", "Me gustó"),
        "fr": ("A aimé", "Aime", "J'aime", "A liké"),
        "de": ("Gefällt", "Gefällt mir", "Gefiel", "Mag", "Mochte"),
        "pt": ("Gostou de", "Gostou", "Curtiu", "Gostei de"),
    },
    LOVE: {
        "en": ("Loved",),
        "es": ("Le encantó", "Le encanta", "Le ha encantado", "Me encanta", "Me encantó", "Amó"),
        "fr": ("A adoré", "Adore", "J'adore"),
        "de": ("Liebt", "Liebte", "Liebe"),
        "pt": ("Amou", "Adorou", "Amei", "Adorei"),
    },
    DISLIKE: {
        "en": ("Disliked",),
        "es": ("No le gustó", "No le gusta", "No le ha gustado", "No me gusta", "No me gustó"),
        "fr": ("N'a pas aimé", "N'aime pas", "Je n'aime pas"),
        "de": ("Gefällt nicht", "Gefällt mir nicht", "Missfällt", "Missfiel", "Mag nicht"),
        "pt": ("Não gostou de", "Não gostou", "Não curtiu", "Não gostei de"),
    },
    LAUGH: {
        "en": ("Laughed at",),
        "es": ("Le dio risa", "Le da risa", "Se rio de", "Se rió de", "Se ha reído de", "Se rio con", "Se rió con"),
        "fr": ("A ri de", "A ri à", "A ri en lisant", "Rit de"),
        "de": ("Lacht über", "Lachte über", "Hat gelacht über"),
        "pt": ("Riu de", "Riu com", "Achou graça de", "Achou graça em"),
    },
    STRESS: {
        "en": ("Emphasized", "Emphasised"),
        "es": ("Enfatizó", "Destacó", "Exclamó por", "Exclamó", "Resaltó", "Ha enfatizado", "Ha destacado"),
        "fr": ("A souligné", "A mis en exergue", "A mis en évidence", "A mis en avant", "A accentué", "A insisté sur"),
        "de": ("Betont", "Betonte", "Hebt hervor", "Hob hervor"),
        "pt": ("Enfatizou", "Destacou", "Deu ênfase a"),
    },
    ASK: {
        "en": ("Questioned",),
        "es": (
            "Cuestionó",
            "Dudó sobre",
            "Dudó de",
            "Preguntó por",
            "Preguntó sobre",
            "Ha cuestionado",
            "Ha dudado de",
        ),
        "fr": ("A questionné", "A mis en doute", "A remis en question", "S'est interrogé sur", "S'interroge sur"),
        "de": ("Hinterfragt", "Hinterfragte", "Fragt nach", "Zweifelt an", "Bezweifelt", "Bezweifelte"),
        "pt": ("Questionou", "Duvidou de", "Perguntou sobre"),
    },
}
#: What a German tapback puts before the quoted text, and after it.
AROUND: Mapping[tuple[str, str], str] = {
    ("Hat", "mit „Gefällt mir“ markiert"): LIKE,
    ("Hat", "mit „Gefällt mir nicht“ markiert"): DISLIKE,
    ("Hat", "geliked"): LIKE,
    ("Hat", "gemocht"): LIKE,
    ("Hat", "geliebt"): LOVE,
    ("Hat", "nicht gemocht"): DISLIKE,
    ("Hat über", "gelacht"): LAUGH,
    ("Hat", "betont"): STRESS,
    ("Hat", "hervorgehoben"): STRESS,
    ("Hat", "hinterfragt"): ASK,
    ("Hat", "infrage gestellt"): ASK,
}
#: What stands before the emoji, after it, and at the end.
WITH_EMOJI: Sequence[tuple[str, str, str]] = (
    ("", "to", ""),
    ("Reacted", "to", ""),
    ("Reacted with", "to", ""),
    ("Reacted with a", "to", ""),
    ("", "a", ""),
    ("Reaccionó con", "a", ""),
    ("Reaccionó con un", "a", ""),
    ("Reaccionó", "a", ""),
    ("Ha reaccionado con", "a", ""),
    ("", "à", ""),
    ("A réagi avec", "à", ""),
    ("A réagi par", "à", ""),
    ("A réagi", "à", ""),
    ("", "auf", ""),
    ("", "zu", ""),
    ("Reagierte mit", "auf", ""),
    ("Reagiert mit", "auf", ""),
    ("Hat mit", "auf", "reagiert"),
    ("Mit", "auf", "reagiert"),
    ("Reagiu com", "a", ""),
    ("Reagiu com", "à", ""),
    ("Reagiu", "a", ""),
)
#: What a removal says before the name of the reaction, after it, and at the end.
REMOVED: Sequence[tuple[str, str, str]] = (
    ("Removed", "from", ""),
    *((verb, "de", "") for verb in ("Eliminó", "Quitó", "Retiró", "Ha eliminado", "Ha quitado", "Borró")),
    *((verb, "a", "") for verb in ("Quitó", "Ha quitado")),
    *((verb, "de", "") for verb in ("A supprimé", "A retiré", "A enlevé")),
    *((verb, "à", "") for verb in ("A retiré", "A enlevé")),
    *((verb, "de", "") for verb in ("Removeu", "Retirou", "Tirou")),
    *(("Hat", word, "entfernt") for word in ("von", "aus", "für", "bei", "zu")),
    *(("Entfernte", word, "") for word in ("von", "aus", "für", "bei", "zu")),
    *(("", word, "entfernt") for word in ("von", "aus", "für", "bei", "zu")),
)
#: How a removal names the reaction that it takes away, as ``plain`` writes it.
NAMES: frozenset[str] = frozenset(
    [
        *("like", "heart", "dislike", "laugh", "exclamation", "exclamation mark", "exclamation point", "question"),
        *("question mark", "reaction", "sticker", "love", "thumbs up", "thumbs down", "haha", "emphasis"),
        *("me gusta", "no me gusta", "corazón", "me encanta", "risa", "exclamación", "signo de exclamación"),
        *("signo de interrogación", "pregunta", "interrogación", "reacción", "énfasis", "duda", "carcajada"),
        *("jaime", "je naime pas", "cœur", "coeur", "jadore", "rire", "point dexclamation", "point dinterrogation"),
        *("réaction", "exclamation", "interrogation", "gefällt mir", "gefällt mir nicht", "herz", "lachen", "lacher"),
        *("ausrufezeichen", "fragezeichen", "reaktion", "like", "dislike", "curtida", "coração", "não curtida"),
        *("gostei", "não gostei", "risada", "exclamação", "interrogação", "ponto de exclamação", "reação"),
        *("ponto de interrogação", "amei", "descurtida", "ênfase", "riso"),
    ]
)
_ARTICLES = frozenset(
    [
        *("a", "an", "the", "un", "una", "el", "la", "une", "le", "les", "ein", "eine", "einen", "das", "die", "den"),
        *("um", "uma", "o", "os", "su", "sa", "son"),
    ]
)
#: How a tapback names what has no words, by language, without its article.
ATTACHMENTS: Sequence[str] = (
    *("image", "photo", "picture", "movie", "video", "attachment", "audio message", "voice message", "sticker"),
    *("location", "contact", "gif", "file", "link", "imagen", "foto", "película", "vídeo", "archivo adjunto"),
    *("archivo", "mensaje de audio", "mensaje de voz", "ubicación", "contacto", "vidéo", "film", "pièce jointe"),
    *("message audio", "message vocal", "fichier", "bild", "film", "anhang", "audionachricht", "sprachnachricht"),
    *("datei", "standort", "kontakt", "imagem", "filme", "anexo", "mensagem de áudio", "mensagem de voz", "arquivo"),
)
OPENING, CLOSING = '“"„«‹‟”', '”"“»›‟'
_CUT = re.compile(r"\s*(…|\.\.\.)\s*$")
_OBJECT = "\ufffc"  # what stands for a picture within a text
_SURE_PREFIX = 20  # so many letters of a message that goes on are a quote of it, also without a sign that it was cut
MOST_WORDS = 6  # of the name of a reaction that is taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """``quoted``: the words of the message that it is about; None: it is about a picture or another attachment.
    ``sure``: so no person writes; without it only a message with these words makes it a reaction."""

    emoji: str
    removed: bool = False
    quoted: str | None = None
    sure: bool = True


def read(text: str) -> Reaction | None:
    """The reaction that a text is; None for an ordinary text."""
    if not _may_be(text):
        return None
    said = _clean(text)
    for before, pattern, emoji in _TAPBACKS:
        if said.startswith(before) and (found := pattern.fullmatch(said)) is not None:
            return _about(found["target"], emoji)
    for before, pattern in _EMOJI:
        found = pattern.fullmatch(said) if said.startswith(before) else None
        if found is not None and (shown := _emoji(found["what"])):
            return _about(found["target"], shown)
    for before, pattern in _REMOVALS:
        if said.startswith(before) and (found := pattern.fullmatch(said)) is not None and _names(found["what"]):
            return _about(found["target"], _emoji(found["what"]) or "", removed=True)
    return None


def _may_be(text: str) -> bool:
    """Whether to look closer. Most texts quote nothing and end with other words."""
    if any(mark in text for mark in OPENING):
        return True
    return text.rpartition(" ")[2].strip().casefold() in _LAST_WORDS


def quotes(reaction: Reaction, body: str) -> bool:
    """Whether the message with this body is what the reaction quotes: whole, cut, or with other quotation marks."""
    if reaction.quoted is None:
        return False
    cut = _CUT.search(reaction.quoted)
    quoted, whole = _key(_CUT.sub("", reaction.quoted)), _key(body)
    if quoted == whole:
        return bool(quoted)
    return whole.startswith(quoted) and (len(quoted) >= _SURE_PREFIX or (cut is not None and bool(quoted)))


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji or a few, and nothing else."""
    return bool(text) and len(text) <= 40 and any(map(_pictures, text)) and all(map(_in_emoji, text))


def _about(target: str, emoji: str, *, removed: bool = False) -> Reaction:
    if target[0] not in OPENING:
        return Reaction(emoji=emoji, removed=removed)
    quoted = target[1:-1].strip()
    if not is_visible(quoted.replace(_OBJECT, "")):
        return Reaction(emoji=emoji, removed=removed)
    sure = not any(mark in quoted for mark in '“”"„«»')
    return Reaction(emoji=emoji, removed=removed, quoted=quoted, sure=sure)


def _clean(text: str) -> str:
    """Without the hair spaces and zero-width marks that Android puts around its emoji, and with plain apostrophes."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if c not in INVISIBLE_NAMES or c in "\u200d\ufe0f")
    return " ".join(kept.replace("’", "'").split())


def _key(text: str) -> str:
    return plain(text) or "".join(c for c in text if c not in INVISIBLE_NAMES and not c.isspace())


def _emoji(what: str) -> str | None:
    what = what.strip(' “”"„«»')
    if plain(what) == "sticker":
        return STICKER
    return what if is_emoji(what) else None


def _names(what: str) -> bool:
    words = plain(what).split()
    while len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    if words and words[-1] in {"reaction", "reacción", "reaktion"} and len(words) > 1:
        words = words[:-1]
    return " ".join(words) in NAMES or _emoji(re.sub(r"^(\w+ )?|( \w+)?$", "", what)) is not None


def _pictures(c: str) -> bool:
    return (unicodedata.category(c) == "So" and c != _OBJECT) or c in "‼⁉\u20e3〰〽"


def _in_emoji(c: str) -> bool:
    return _pictures(c) or c in "\u200d\ufe0f\ufe0e " or _SKIN[0] <= c <= _SKIN[1] or _TAGS[0] <= c <= _TAGS[1]


_SKIN, _TAGS = ("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f")


def _pattern(before: str, what: str, between: str, after: str) -> re.Pattern[str]:
    articles = "|".join(sorted(_ARTICLES))
    attachments = "|".join(sorted({re.escape(a) for a in ATTACHMENTS}, key=len, reverse=True))
    attachment = f"(?:(?:{articles}) |l'|d')?(?i:{attachments})"
    quoted = f"[{OPENING}].*[{CLOSING}]|[{OPENING}].*…"
    parts = [re.escape(before), what, re.escape(between), f"(?P<target>{attachment}|{quoted})", re.escape(after)]
    return re.compile(" ".join(part for part in parts if part))


_TAPBACKS: Sequence[tuple[str, re.Pattern[str], str]] = (
    *(
        (verb, _pattern(verb, "", "", ""), emoji)
        for emoji, languages in VERBS.items()
        for verbs in languages.values()
        for verb in verbs
    ),
    *((before, _pattern(before, "", "", after), emoji) for (before, after), emoji in AROUND.items()),
)
_WHAT, _NAME = r"(?P<what>[^“\"„«\w]{1,40}|sticker)", rf"(?P<what>\S+(?: \S+){{0,{MOST_WORDS - 1}}}?)"
_EMOJI = tuple((before, _pattern(before, _WHAT, between, after)) for before, between, after in WITH_EMOJI)
_REMOVALS = tuple((before, _pattern(before, _NAME, between, after)) for before, between, after in REMOVED)
_LAST_WORDS = (
    frozenset(attachment.split()[-1] for attachment in ATTACHMENTS)
    | {"entfernt", "reagiert"}
    | {after.split()[-1] for _, after in AROUND}
)
