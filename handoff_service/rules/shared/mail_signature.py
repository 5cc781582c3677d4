"""Mail signatures, which phones and mail programs add below a text. No rule should read them.

The stored text keeps its signature. Choices, keywords, commands, codes and the virtual agent read
the text without it. A signature is cut only when it stands in lines of its own below other words.

Sources: RFC 3676, section 4.3 (the line ``-- `` starts a signature); the texts that iOS, Outlook
mobile, Gmail, Samsung Email, Yahoo Mail and K-9 Mail add, as listed by mailgun/talon
(``signature/bruteforce.py``), github/email_reply_parser and crisp-oss/email-reply-parser.
"""

import re
import unicodedata

MOST_LINES, LONGEST_LINE = 6, 70  # limits for the lines below ``--`` or a sign-off
_NAME_WORDS = 5  # words in a line that names a person or a company
_SMALL_NAME_WORDS = 3
_SHORT_ANSWER = 3  # words above ``--``; with so few, a lower-case name is still a signature

# A device, program or network as signatures name it. Only these words may follow "Sent from".
_THING = (
    r"(?:a |an |the |my |its |mi |meu |minha |mon |ma |meinem |meiner |mijn |min |mit |mio "
    r"|il mio |el |la )?"
    r"(?:iphone|ipad|ipod|ios|apple watch|mac|macbook|android|samsung|galaxy|pixel|google"
    r"|huawei|honor|xiaomi|redmi"
    r"|poco|oneplus|oppo|vivo|realme|motorola|moto|nokia|lg|htc|sony|xperia|blackberry"
    r"|windows|surface|fairphone"
    r"|outlook|hotmail|gmail|yahoo|aol|gmx|web\.?de|proton|protonmail|icloud|mail|email"
    r"|correo|courrier|posta|spark"
    r"|k-9|fairemail|aqua|bluemail|tutanota|tuta|zoho|thunderbird|mobile|mobiltelefon"
    r"|smartphone|phone|handy|cell"
    r"|tablet|telefono|movil|celular|telephone|equipo|verizon|at&t|t-mobile|sprint|vodafone"
    r"|o2|ee|xfinity|bell|rogers)"
)
_AROUND = (
    r"(?:[ ,/-]+(?:an?|the|my|and|on|for|with|via|using|app|fur|pour|para|per|voor|pa|mit"
    r"|von|sur|en|de|no|do|af"
    r"|mail|mobile|phone|smartphone|tablet|device|gerat|appareil|dispositivo|telefono|movil"
    r"|telefon|account|client"
    r"|wireless|network|pro|max|plus|mini|ultra|air|note|edge|fold|flip|fe|se|xl|lite|5ge?"
    r"|4g|lte|uw"
    r"|iphone|ipad|ios|android|samsung|galaxy|outlook|windows|yahoo|gmail|k-9|at&t|verizon|t-mobile"
    r"|[a-z]{0,2}\d{1,4}[a-z]{0,2}(?:\.\d)?))*"
)
_DEVICE = _THING + _AROUND
# a line that a program adds, folded; the languages are those of iOS and Outlook mobile
_ADDED = re.compile(
    r"(?:(?:this (?:message|e-?mail|text) (?:was |has been )?)?(?:sent|written|typed) "
    r"(?:from|via|with|by|using|on) "
    rf"{_DEVICE}"
    rf"|(?:get|try|download) {_DEVICE}"
    rf"|(?:diese nachricht wurde )?(?:von|mit) {_DEVICE} (?:aus )?gesendet|gesendet "
    rf"(?:von|mit) {_DEVICE}"
    rf"|(?:holen sie sich|laden sie) {_DEVICE}(?: herunter)?|{_DEVICE} (?:beziehen|herunterladen)"
    rf"|enviado (?:desde|de|do|da|a partir do|via|con|pelo|com) {_DEVICE}"
    rf"|(?:obtener|obten|obtenga|descargar|obter|obtenha|baixar|baixe)(?: o)? {_DEVICE}"
    rf"|envoye (?:de|depuis|a partir de|avec|par) {_DEVICE}|"
    rf"(?:telecharger|telechargez|obtenir|obtenez) {_DEVICE}"
    rf"|inviato (?:da|dal|dal mio|con|tramite) {_DEVICE}|(?:scarica|ottieni) {_DEVICE}"
    rf"|(?:verstuurd|verzonden|gestuurd) (?:vanaf|met|van|via) {_DEVICE}|"
    rf"(?:download|haal) {_DEVICE}"
    rf"|(?:skickat|sendt|sent) (?:fran|fra|med|via) {_DEVICE}|(?:hamta|hent|skaff deg) {_DEVICE}"
    r"|lahetetty (?:iphonesta|ipadista|androidista|outlookista|puhelimesta)|odeslano z "
    r"(?:iphonu|ipadu|androidu)"
    rf"|(?:wysłane|wyslane|wysłano|wyslano) z (?:iphonea|ipada|androida|{_DEVICE})"
    r"|(?:отправлено|надіслано|надислано) (?:с|з|из) (?:моего |мого )?"
    r"(?:iphone|ipad|android|outlook)"
    r"|iphoneumdan gonderildi|iphone ?から送信|ipad ?から送信"
    r"|(?:发自|發自)(?:我的)? ?(?:iphone|ipad|android)"
    r"|(?:從|从)我的 ?(?:iphone|ipad) ?(?:傳送|发送)|나의 (?:iphone|ipad)에서 보냄"
    r"|trimis de pe (?:iphone|ipad|android)(?:-?ul meu)?|dikirim dari "
    r"(?:iphone|ipad|android|hp)(?: saya)?"
    r"|(?:please )?(?:excuse|forgive|pardon) (?:(?:my|any|the) )?"
    r"(?:brevity|typos|autocorrect)(?: (?:and|or) typos)?"
    r"|yahoo mail: search, organize, conquer|get organized with yahoo mail)"
)
_ADDED_BELOW_BLANK = re.compile(  # for unlisted programs and devices: each word is a name
    r"(?:Sent|Enviado|Envoyé|Gesendet|Inviato|Verzonden|Verstuurd|Skickat|Sendt)"
    r" (?:from|with|via|using|by|desde|do|da|depuis|de|von|mit|vanaf|från|fra)"
    r"(?: (?:my|mi|meu|mon|mein(?:em)?|mijn))?"
    r"(?: \(?(?:[A-Z\d]|i[A-Z])[\w.+&'-]*\)?){1,5}[.!]?"
)
_AROUND_WORDS = re.compile(r"^[^\w(]+|[^\w)]+$")  # such as an emoji
_UNFINISHED = re.compile(  # a sentence that continues below a line of dashes
    r"(?:[:,]|\b(?:for|to|of|with|from|in|on|at|by|and|or|the|an?|my|is|are|para|de|con|en|y"
    r"|la|el))$",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"\s*(?:--+|\u2014+|__+|\*{3,}|={3,})\s*")
_SIGN_OFF = re.compile(
    r"(?:(?:best|kind|kindest|warm|warmest|many|with kind|with best) )?(?:regards|wishes)"
    r"|best|cheers|sincerely"
    r"|(?:very )?respectfully|v/r|all the best|warmly|take care|(?:talk|speak) soon|xoxo|hugs"
    r"|(?:un )?abrazos?|cuidate|bises|hilsen|halsningar|pozdrawiam|с уважением"
    r"|yours(?: (?:truly|sincerely|faithfully))?|(?:many )?thanks|thank you|thx|br|rgds"
    r"|(?:un (?:cordial )?)?saludos?(?: cordiales)?|cordialmente|atentamente|atte|gracias"
    r"|(?:mit )?(?:freundlichen?|vielen?|besten?|lieben?|schonen?) gru(?:ss|ß)en?|mfg|lg|vg"
    r"|(?:bien )?cordialement|(?:cordiali|distinti) saluti|atenciosamente|"
    r"(?:met )?vriendelijke groet(?:en)?"
)
# these sign-offs count even when no name follows
_SURE_SIGN_OFF = re.compile(
    r"(?!best$|cheers$|.*thank|thx$|gracias$|yours$|lg$|vg$|br$|take care$|.*soon$|xoxo$|hugs$).*"
)
#: Words that companies add below a mail. They end the text.
_DISCLAIMER = re.compile(
    r"(?:confidentiality notice|disclaimer|confidential|aviso(?: de confidencialidad| legal)):"
    r" .{10,}"
    r"|th(?:is|e information in this) (?:e-?mail|message|communication|transmission)"
    r"(?:,? (?:and|including) any (?:attachments?|files)[^.]*)?,? (?:is|are|may|contains?)"
    r" (?:strictly |solely |be |intended |for |privileged|private|confidential).*"
    r"|este (?:mensaje|correo)[^.]* (?:es|son|puede|contiene)[^.]* (?:confidencial|privad).*"
)
#: A name below a short answer: - Jane, ~Jane Roe
_DASH_AND_NAME = re.compile(r"[-~\u2013\u2014]\s*(?P<name>\w.*)")
_CONTACT = re.compile(
    r"\S+@\S+\.\S+|(?:https?://|www\.)\S+"
    r"|(?:(?:tel|phone|mobile|cell|fax|office|direct|[mtopf])\b\.?:? ?)?\+?[\d ().-]{7,}",
    re.IGNORECASE,
)
_PROSE = frozenset(
    [
        *(
            "i",
            "im",
            "ive",
            "my",
            "me",
            "we",
            "our",
            "you",
            "your",
            "it",
            "its",
            "is",
            "isnt",
            "are",
            "arent",
        ),
        *(
            "was",
            "were",
            "be",
            "been",
            "am",
            "not",
            "no",
            "dont",
            "doesnt",
            "didnt",
            "wont",
            "cant",
            "cannot",
        ),
        *(
            "can",
            "could",
            "would",
            "will",
            "should",
            "the",
            "this",
            "that",
            "these",
            "those",
            "there",
        ),
        *(
            "please",
            "help",
            "need",
            "want",
            "still",
            "but",
            "because",
            "when",
            "why",
            "how",
            "what",
            "who",
        ),
        *(
            "where",
            "does",
            "did",
            "do",
            "has",
            "have",
            "had",
            "error",
            "failed",
            "broken",
            "working",
        ),
        *(
            "stopped",
            "keeps",
            "says",
            "yo",
            "mi",
            "me",
            "mis",
            "es",
            "esta",
            "no",
            "puedo",
            "funciona",
        ),
        *("necesito", "quiero", "ich", "mein", "ist", "nicht", "kann"),
    ]
)
_PARTICLES = frozenset(
    [
        *(
            "de",
            "del",
            "la",
            "van",
            "der",
            "den",
            "von",
            "zu",
            "di",
            "da",
            "dos",
            "bin",
            "al",
            "y",
            "e",
            "and",
        ),
        *("of", "for", "the"),
    ]
)


def without_signature(text: str) -> str:
    """The text without its signature. The whole text when nothing else would be left.

    The result is always a prefix of the text, so positions in it are valid in the whole text.
    """
    if "\n" not in text and "\r" not in text:
        return text
    lines = text.splitlines(keepends=True)
    while (cut := _begins(lines)) is not None and any(line.strip() for line in lines[:cut]):
        lines = lines[:cut]
    kept = "".join(lines)
    return text if len(kept) == len(text) else kept.rstrip()


def _begins(lines: list[str]) -> int | None:
    """Index of the line where the lowest signature starts."""
    last = next((n for n in range(len(lines) - 1, 0, -1) if lines[n].strip()), None)
    if last is None:
        return None
    below_blank = not lines[last - 1].strip()
    if _is_added(lines[last]) or (
        below_blank and _ADDED_BELOW_BLANK.fullmatch(lines[last].strip())
    ):
        return last
    if _DELIMITER.fullmatch(lines[last]) or _DISCLAIMER.fullmatch(_folded(lines[last])):
        return last
    if _is_contact_line(lines[last]):
        return last
    if len(lines[0].split()) == 1 and (name := _name_below(lines, last)):
        return name
    for n in range(last - 1, max(0, last - MOST_LINES) - 1, -1):
        below = [line.strip() for line in lines[n + 1 : last + 1] if line.strip()]
        if n == 0 or _UNFINISHED.search("".join(lines[:n]).rstrip()):
            continue
        if _DELIMITER.fullmatch(lines[n]) and _names_somebody(below, _words(lines[:n])):
            return n
        if _is_sign_off(lines[n]) and all(map(_is_name, below)):
            return n
    return (
        last
        if _is_sign_off(lines[last]) and _SURE_SIGN_OFF.fullmatch(_folded(lines[last]))
        else None
    )


def _name_below(lines: list[str], last: int) -> int | None:
    """Index of the line below an answer of one word where somebody's name starts."""
    dashed = _DASH_AND_NAME.fullmatch(lines[last].strip())
    if dashed and len(dashed["name"].split()) <= _SMALL_NAME_WORDS and _is_name(dashed["name"]):
        return last if not any(line.strip() for line in lines[1:last]) else None
    below = [line.strip() for line in lines[2 : last + 1]]
    block = not lines[1].strip() and 1 < len(below) <= MOST_LINES and all(map(_is_name, below))
    is_known = lines[0].strip(" .)\r\n").isdecimal() or any(map(_CONTACT.fullmatch, below[1:]))
    return 2 if block and is_known else None


def _is_contact_line(line: str) -> bool:
    """Whether this is a name and how to reach the person: Jane Roe | Acme | +1 202 555 0101."""
    parts = [part.strip() for part in re.split(r"[|\u2022\u00b7]", line)]
    return (
        len(parts) > 1
        and all(map(_is_name, filter(None, parts)))
        and any(_CONTACT.fullmatch(part) for part in parts)
    )


def _words(lines: list[str]) -> int:
    return len(" ".join(lines).split())


def _names_somebody(below: list[str], words_above: int) -> bool:
    """Whether these lines below ``--`` are a name with contact details, not the rest of the
    message."""
    if len(below) > MOST_LINES or any(
        len(line) > LONGEST_LINE or line.endswith("?") for line in below
    ):
        return False
    first = below[0]
    return _is_name(first) or (
        words_above <= _SHORT_ANSWER
        and len(first.split()) <= _SMALL_NAME_WORDS
        and _PROSE.isdisjoint(_folded(first).split())
        and all(c.isalpha() or c in " .'\u2019-" for c in first)
    )


def _is_name(line: str) -> bool:
    """Whether this is a name, a company, a job title or contact details: each word is
    capitalized."""
    line = line.strip()
    if _is_added(line) or _CONTACT.fullmatch(line):
        return True
    words = re.findall(r"[^\W\d_][\w.'\u2019&-]*", line)
    capital = all(w[0].isupper() or not w[0].islower() or w.casefold() in _PARTICLES for w in words)
    plain = _PROSE.isdisjoint(_folded(line).split()) or all(
        w.casefold() in _PARTICLES or w[0].isupper() for w in words
    )
    return (
        0 < len(words) <= _NAME_WORDS
        and words[0][0].isupper()
        and capital
        and plain
        and line[-1] not in "?!"
    )


def _is_sign_off(line: str) -> bool:
    return _SIGN_OFF.fullmatch(_folded(line)) is not None


def _is_added(line: str) -> bool:
    """Whether a program adds such a line, perhaps with a link or a second sentence of its own."""
    plain = re.sub(r"<[^>]*>|\[[^\]]*\]|\((?:https?:)[^)]*\)|https?://\S+", "", line)
    # a name may contain a comma: "Galaxy S24, an AT&T 5G smartphone"
    for ends in (r"[.!]", r"[.!,]"):
        parts = [
            part
            for part in re.split(rf"(?<=\w){ends}(?:\s+|$)", _folded(plain))
            if part.strip(" .!*_-")
        ]
        if parts and all(_ADDED.fullmatch(_AROUND_WORDS.sub("", part)) for part in parts):
            return True
    return False


def _folded(line: str) -> str:
    """The line in lower case, without accents and apostrophes, because phones write these in
    several ways."""
    apart = unicodedata.normalize("NFKD", line.casefold())
    plain = "".join(c for c in apart if not unicodedata.combining(c) and c not in "'\u2019")
    return " ".join(unicodedata.normalize("NFC", plain).split()).strip(" ,.!-\u2013\u2014")
