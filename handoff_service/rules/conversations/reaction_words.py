"""The words of reactions that phones send as texts, by language.

Sources:

- Apple, English: https://github.com/FossifyOrg/Messages/issues/190,
  https://github.com/openclaw/imsg/issues/66 and https://github.com/octoshrimpy/quik,
  data/src/main/assets/emojis/en.json (also each removal, and Google Messages with its hair spaces
  and zero-width marks, as in https://github.com/octoshrimpy/quik/issues/152).
- Apple, iOS 18: any emoji and stickers,
  https://support.apple.com/guide/iphone/use-tapbacks-iph018d3c336/ios.
- Google Messages: https://support.google.com/messages/answer/10072342.
- Spanish: https://github.com/quik-sms/quik, data/src/main/assets/emojis/es.json. Public code that
  reads exports of iMessage also has "Le gustó", "Le encantó", "Le dio risa", "Exclamó por", "Dudó
  sobre" and "Reaccionó con".
- French: https://github.com/octoshrimpy/quik, data/src/main/assets/emojis/fr.json. Public code for
  iPhones over Bluetooth also has "A attribué la mention", "A posé une question sur" and "A retiré
  la réaction".
- German: https://github.com/octoshrimpy/quik, data/src/main/assets/emojis/de.json; public code has
  "Gefällt" too.

No public source has the Portuguese and the other German forms, so we have translated them, with
variants.
"""

from collections.abc import Mapping, Sequence

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
        "es": (
            "Le dio risa",
            "Le da risa",
            "Se rio de",
            "Se rió de",
            "Se ha reído de",
            "Se rio con",
            "Se rió con",
            "Se ha reído con",
        ),
        "fr": ("A ri", "A ri de", "A ri à", "A ri en lisant", "Rit de"),
        "de": ("Lacht über", "Lachte über", "Hat gelacht über"),
        "pt": (
            "Riu de",
            "Riu com",
            "Riu-se de",
            "Riu-se com",
            "Achou graça de",
            "Achou graça em",
        ),
    },
    STRESS: {
        "en": ("Emphasized", "Emphasised"),
        "es": (
            "Enfatizó",
            "Destacó",
            "Exclamó por",
            "Exclamó",
            "Resaltó",
            "Ha enfatizado",
            "Ha destacado",
        ),
        "fr": (
            "A souligné",
            "A mis en exergue",
            "A mis en évidence",
            "A mis en avant",
            "A accentué",
            "A insisté sur",
            "A exclamé",
        ),
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
        "fr": (
            "A questionné",
            "A mis en doute",
            "A remis en question",
            "S'est interrogé sur",
            "S'est interrogée sur",
            "S'est interrogé(e) sur",
            "S'interroge sur",
            "A posé une question sur",
            "A interrogé",
        ),
        "de": (
            "Hinterfragt",
            "Hinterfragte",
            "Fragt nach",
            "Zweifelt an",
            "Bezweifelt",
            "Bezweifelte",
        ),
        "pt": ("Questionou", "Duvidou de", "Perguntou sobre"),
    },
}
#: Verbs that people also write about themselves. A text with such a verb is a reaction only if it
#: quotes an earlier message.
ALSO_WRITTEN: frozenset[str] = frozenset(
    [
        *(
            "Me gusta",
            "Me gustó",
            "No me gusta",
            "No me gustó",
            "Me encanta",
            "Me encantó",
            "J'aime",
            "J'adore",
            "Aime",
        ),
        *(
            "Adore",
            "Je n'aime pas",
            "N'aime pas",
            "Mag",
            "Mochte",
            "Mag nicht",
            "Liebe",
            "Gefällt mir",
        ),
        *("Gefällt mir nicht", "Gostei de", "Amei", "Adorei", "Não gostei de"),
    ]
)
#: The text before the quotation, the text after it, and the reaction that they mean.
AROUND: Sequence[tuple[str, str, str]] = (
    *(("Hat", f"mit {one}„Gefällt mir“ markiert", LIKE) for one in ("", "einem ")),
    *(("Hat", f"mit {one}„Gefällt mir nicht“ markiert", DISLIKE) for one in ("", "einem ")),
    *(("Hat", words, LIKE) for words in ("geliked", "geliket", "gemocht")),
    ("Hat", "geliebt", LOVE),
    *((verb, "nicht", DISLIKE) for verb in ("Gefällt", "Gefiel", "Mag", "Mochte")),
    ("Hat", "nicht gemocht", DISLIKE),
    ("", "gefällt mir", LIKE),
    ("", "gefällt mir nicht", DISLIKE),
    ("Hat über", "gelacht", LAUGH),
    *(("Findet", words, LAUGH) for words in ("lustig", "witzig")),
    *(("Hat", words, STRESS) for words in ("betont", "hervorgehoben")),
    *((verb, "hervor", STRESS) for verb in ("Hebt", "Hob")),
    *(("Hat", words, ASK) for words in ("hinterfragt", "infrage gestellt", "in Frage gestellt")),
    *((verb, words, ASK) for verb in ("Stellt", "Stellte") for words in ("infrage", "in Frage")),
)
#: The text before the emoji, the text between it and the quotation, and the text at the end.
WITH_EMOJI: Sequence[tuple[str, str, str]] = (
    *(
        ("", between, "")
        for between in ("to", "a", "à", "para", "em", "en", "auf", "zu", "an", "für", "sur")
    ),
    *(
        (verb, "to", "")
        for verb in ("Reacted", "Reacted with", "Reacted with a", "Reacted with an")
    ),
    *(
        (f"{verb}{much}", "a", "")
        for verb in ("Reaccionó", "Ha reaccionado")
        for much in ("", " con", " con un")
    ),
    *((f"A réagi{much}", "à", "") for much in ("", " avec", " par", " avec un", " avec une")),
    *((f"{verb} mit", to, "") for verb in ("Reagierte", "Reagiert") for to in ("auf", "zu")),
    *((f"{verb}mit", to, "reagiert") for verb in ("Hat ", "") for to in ("auf", "zu")),
    *((f"Reagiu{much}", to, "") for much in ("", " com", " com um") for to in ("a", "à", "ao")),
)
#: The text before the quotation, the text between it and the emoji, and the text at the end.
EMOJI_AT_THE_END: Sequence[tuple[str, str, str]] = (
    ("Reacted to", "with", ""),
    *((verb, "con", "") for verb in ("Reaccionó a", "Ha reaccionado a")),
    *(("A réagi à", between, "") for between in ("avec", "par")),
    *((verb, "mit", "") for verb in ("Reagierte auf", "Reagiert auf")),
    ("Hat auf", "mit", "reagiert"),
    *((verb, "com", "") for verb in ("Reagiu a", "Reagiu à", "Reagiu ao")),
)
#: The text before the name of a reaction, the text between it and the quotation, and the text at
#: the end.
NAMED: Sequence[tuple[str, str, str]] = (
    *((verb, "à", "") for verb in ("A attribué", "A ajouté", "A mis")),
    *((verb, "to", "") for verb in ("Added", "Reacted with")),
    *((verb, "a", "") for verb in ("Añadió", "Agregó", "Ha añadido", "Adicionou", "Deu")),
    *(("Hat", between, "hinzugefügt") for between in ("zu", "bei")),
    ("Fügte", "zu", "hinzu"),
)
#: The text of a removal before the name of the reaction, between it and the quotation, and at the
#: end.
REMOVED: Sequence[tuple[str, str, str]] = (
    *((verb, "from", "") for verb in ("Removed", "Removed their", "Took back")),
    *(
        (verb, "de", "")
        for verb in (
            "Eliminó",
            "Quitó",
            "Retiró",
            "Borró",
            "Ha eliminado",
            "Ha quitado",
            "Se eliminó",
        )
    ),
    *((verb, "de", "") for verb in ("Se quitó", "Se ha eliminado", "Se ha quitado", "Removió")),
    *((verb, "a", "") for verb in ("Quitó", "Ha quitado")),
    *(
        (verb, to, "")
        for verb in ("A supprimé", "A retiré", "A enlevé", "N'a plus")
        for to in ("de", "à", "sur")
    ),
    *((verb, "de", "") for verb in ("Removeu", "Retirou", "Tirou", "Excluiu", "Apagou")),
    *(
        (verb, word, "entfernt")
        for verb in ("Hat", "")
        for word in ("von", "aus", "für", "bei", "zu")
    ),
    *(("Entfernte", word, "") for word in ("von", "aus", "für", "bei", "zu")),
    *(
        ("", f"{word} {of}", "")
        for word, of in (
            ("removed", "from"),
            ("eliminado", "de"),
            ("eliminada", "de"),
            ("retiré", "de"),
            ("supprimé", "de"),
            ("entfernt", "von"),
            ("removido", "de"),
            ("removida", "de"),
        )
    ),
)
#: The names of reactions as ``plain`` writes them, without articles and the words of
#: ``ANY_REACTION``.
NAMES: Mapping[str, Sequence[str]] = {
    LIKE: (
        *(
            "like",
            "thumbs up",
            "me gusta",
            "pulgar arriba",
            "jaime",
            "aime",
            "pouce en lair",
            "pouce levé",
        ),
        *("gefällt mir", "daumen hoch", "curtida", "gostei", "gosto", "joinha"),
    ),
    LOVE: (
        *(
            "heart",
            "love",
            "corazón",
            "me encanta",
            "encanta",
            "cœur",
            "coeur",
            "jadore",
            "adore",
            "herz",
            "liebe",
        ),
        *("coração", "amei", "adorei"),
    ),
    DISLIKE: (
        *(
            "dislike",
            "thumbs down",
            "no me gusta",
            "pulgar abajo",
            "je naime pas",
            "naime pas",
            "pouce en bas",
        ),
        *(
            "gefällt mir nicht",
            "daumen runter",
            "não curtida",
            "não gostei",
            "não gosto",
            "descurtida",
        ),
    ),
    LAUGH: (
        *(
            "laugh",
            "haha",
            "ha ha",
            "risa",
            "risas",
            "jaja",
            "carcajada",
            "rire",
            "rires",
            "lachen",
            "lacher",
        ),
        *("gelächter", "risada", "riso"),
    ),
    STRESS: (
        *(
            "exclamation",
            "exclamations",
            "exclamation mark",
            "exclamation point",
            "exclamation marks",
            "emphasis",
        ),
        *(
            "exclamación",
            "signo de exclamación",
            "signos de exclamación",
            "énfasis",
            "point dexclamation",
        ),
        *("points dexclamation", "ausrufezeichen", "exclamação", "ponto de exclamação", "ênfase"),
    ),
    ASK: (
        *(
            "question",
            "question mark",
            "pregunta",
            "duda",
            "interrogación",
            "signo de interrogación",
            "interrogation",
        ),
        *("point dinterrogation", "fragezeichen", "interrogação", "ponto de interrogação"),
    ),
    STICKER: ("sticker", "pegatina", "autocollant", "aufkleber", "figurinha", "adesivo"),
}
#: Words that mean any reaction. They may also accompany the name of a reaction.
ANY_REACTION = frozenset(
    {"reaction", "reacción", "réaction", "reaktion", "reação", "tapback", "mention"}
)
#: Articles: the indefinite ones, then the definite ones with possessives.
A = frozenset(
    ["a", "an", "un", "una", "une", "des", "ein", "eine", "einen", "einem", "einer", "um", "uma"]
)
THE = frozenset(
    [
        *(
            "the",
            "his",
            "her",
            "their",
            "el",
            "la",
            "los",
            "su",
            "le",
            "les",
            "sa",
            "son",
            "das",
            "die",
            "den",
            "dem",
        ),
        *("der", "o", "os", "as"),
    ]
)
#: The nouns of Apple and Google for a message that a reaction does not quote, such as a picture.
#: They have no article. The patterns also match them with a plural ending.
ATTACHMENTS: Sequence[str] = (
    *(
        "image",
        "photo",
        "picture",
        "movie",
        "video",
        "attachment",
        "audio message",
        "voice message",
        "sticker",
    ),
    *(
        "voice memo",
        "audio clip",
        "recording",
        "location",
        "contact",
        "contact card",
        "gif",
        "file",
        "link",
        "document",
    ),
    *(
        "live photo",
        "animated image",
        "handwritten message",
        "digital touch message",
        "memoji",
        "slideshow",
    ),
    *("message", "pdf", "mensaje", "nachricht", "mensagem"),
    *(
        "imagen",
        "foto",
        "película",
        "vídeo",
        "archivo adjunto",
        "adjunto",
        "archivo",
        "mensaje de audio",
        "documento",
    ),
    *(
        "mensaje de voz",
        "nota de voz",
        "ubicación",
        "contacto",
        "enlace",
        "vidéo",
        "film",
        "pièce jointe",
    ),
    *(
        "message audio",
        "message vocal",
        "fichier",
        "lien",
        "bild",
        "anhang",
        "audionachricht",
        "sprachnachricht",
    ),
    *(
        "datei",
        "standort",
        "kontakt",
        "dokument",
        "imagem",
        "filme",
        "anexo",
        "mensagem de áudio",
        "mensagem de voz",
    ),
    *("arquivo", "localização", "contato", "ficheiro"),
)
