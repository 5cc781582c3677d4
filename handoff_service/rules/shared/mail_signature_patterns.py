"""Regular expressions and sets of words for mail signatures; see ``mail_signature.py``."""

import re

# The names of devices, programs and networks in signatures. Only these may follow "Sent from".
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
ADDED = re.compile(
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
ADDED_BELOW_BLANK = re.compile(  # for unlisted programs and devices: each word is a name
    r"(?:Sent|Enviado|Envoyé|Gesendet|Inviato|Verzonden|Verstuurd|Skickat|Sendt)"
    r" (?:from|with|via|using|by|desde|do|da|depuis|de|von|mit|vanaf|från|fra)"
    r"(?: (?:my|mi|meu|mon|mein(?:em)?|mijn))?"
    r"(?: \(?(?:[A-Z\d]|i[A-Z])[\w.+&'-]*\)?){1,5}[.!]?"
)
AROUND_WORDS = re.compile(r"^[^\w(]+|[^\w)]+$")  # such as an emoji
UNFINISHED = re.compile(  # a sentence that continues below a line of dashes
    r"(?:[:,]|\b(?:for|to|of|with|from|in|on|at|by|and|or|the|an?|my|is|are|para|de|con|en|y"
    r"|la|el))$",
    re.IGNORECASE,
)
DELIMITER = re.compile(r"\s*(?:--+|\u2014+|__+|\*{3,}|={3,})\s*")
SIGN_OFF = re.compile(
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
# counts even without a name
SURE_SIGN_OFF = re.compile(
    r"(?!best$|cheers$|.*thank|thx$|gracias$|yours$|lg$|vg$|br$|take care$|.*soon$|xoxo$|hugs$).*"
)
#: Words that companies add below a mail. They end the text.
DISCLAIMER = re.compile(
    r"(?:confidentiality notice|disclaimer|confidential|aviso(?: de confidencialidad| legal)):"
    r" .{10,}"
    r"|th(?:is|e information in this) (?:e-?mail|message|communication|transmission)"
    r"(?:,? (?:and|including) any (?:attachments?|files)[^.]*)?,? (?:is|are|may|contains?)"
    r" (?:strictly |solely |be |intended |for |privileged|private|confidential).*"
    r"|este (?:mensaje|correo)[^.]* (?:es|son|puede|contiene)[^.]* (?:confidencial|privad).*"
)
#: A name below a short answer: - Jane, ~Jane Roe
DASH_AND_NAME = re.compile(r"[-~\u2013\u2014]\s*(?P<name>\w.*)")
CONTACT = re.compile(
    r"\S+@\S+\.\S+|(?:https?://|www\.)\S+"
    r"|(?:(?:tel|phone|mobile|cell|fax|office|direct|[mtopf])\b\.?:? ?)?\+?[\d ().-]{7,}",
    re.IGNORECASE,
)
PROSE = frozenset(
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
PARTICLES = frozenset(
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
