"""First names: the given name within a full name, when it is clear.

Titles and degrees: https://en.wikipedia.org/wiki/Title and
https://en.wikipedia.org/wiki/List_of_post-nominal_letters; legal forms of companies:
https://en.wikipedia.org/wiki/List_of_legal_entity_types_by_country. The tables leave out words that
are also given names (Dean, Prince, Major, Don).
"""

import re
import unicodedata


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Titles, in lower case and without dots.
TITLES = _set(
    """
    univ-prof priv-doz pd med rer nat phil jur mr mrs ms miss mx sir dame lady lord dr drs
    prof professor doctor rev revd reverend hon esq capt captain col colonel lt lieutenant sgt
    sergeant cpl maj gen adm cmdr cdr officer nurse father fr brother sister rabbi imam pastor
    herr frau fräulein hr fru fröken dipl-ing dipl ing mag mme mlle mmes madame mademoiselle
    monsieur messieurs maître sr sra srta señor señora señorita doña dra lic arq senhor
    senhora senhorita doutor doutora profa dona sig sigra signor signora signorina dott
    dottssa dottore dottoressa avv profssa dhr mevr mw mevrouw meneer mijnheer ir pan pani
    paní slečna mgr inż bc mudr judr phdr rndr herra rouva neiti bay bayan sayın господин
    госпожа г-н г-жа др д-р проф доктор профессор пан пані κος κα κύριος κυρία δρ καθ shri sri
    shree smt shrimati kum pandit श्री श्रीमती डॉ sheikh shaikh haji hajji datuk dato dato'
    encik puan tuan cik bapak ibu pak bu khun السيد السيدة الدكتور الدكتورة د الأستاذ الأستاذة
    الشيخ المهندس آقای خانم دکتر מר גב גב' ד"ר דר פרופ פרופ'
    """
)
#: Degrees and suffixes after a name, in lower case and without dots.
DEGREES = _set(
    """
    jr jnr snr sr ii iii iv phd md mba ma msc bsc ba dds dmd rn np pa esq cpa pe jd llm llb
    edd dphil dvm mph obe mbe cbe qc kc frs ret mp
    """
)
LEGAL_FORMS = _set(
    """
    inc llc llp ltd limited plc corp corporation co company gmbh ag kg ug ohg ev sa sarl sas
    srl spa sl bv nv vof ab as oy oyj aps kft bt zrt sro doo spzoo pty pte pvt sdn bhd lda
    ltda kk ooo ооо зао
    """
)
#: Legal forms that may also be a name. They count only in capitals or with a dot: "Co.", "SA".
_UNCLEAR_FORMS = _set("co as sa sl ab ag ev sas bt kk ug vof spa kg bv nv limited")
_JOINED = _set("& + and und et och og en")
#: Words in the names of places and groups.
NO_PERSON = _set(
    """
    reception helpdesk desk department dept team office room service
    services support group family university school hospital clinic hotel shop store
    """
)
#: Particles, in lower case. A name that begins with one is a family name without a given name.
PARTICLES = _set(
    """
    van von vom zu zum der den de del della degli di da das dos do du des la le el al bin ibn
    ter ten
    """
)
#: Words that form a given name together with the next word: Abdul Rahman, Abu Bakr.
BOUND = _set("abdul abdel abd abu umm عبد أبو")
#: Family names that are written first. A Vietnamese person is addressed by the last word of the
#: name, a Hungarian person by the second.
VIETNAMESE = _set(
    """
    nguyễn nguyen trần lê phạm pham huỳnh huynh hoàng phan vũ võ đặng bùi đỗ hồ ngô dương lý
    """
)
HUNGARIAN = _set(
    """
    nagy kovács tóth szabó horváth varga kiss molnár németh farkas balogh papp takács juhász
    """
)

_BRACKETS = re.compile(r"[(\[（【][^)\]）】]*[)\]）】]")
_COMMA = re.compile(r"[,，、،;；]")
#: The endings of Russian and Ukrainian patronymics, which follow the given name.
_PATRONYMIC = re.compile(r"(?i)[а-яёіїє]{2,}(?:ович|евич|ьич|лич|мич|тич|овна|евна|ична|івна|ївна)")
#: Chinese, Japanese and Korean letters. People with such a name are addressed by the whole name.
_WHOLE_SCRIPTS = re.compile(
    r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]"
)


def first_name(name: str) -> str:
    """The name a text uses for a person: "Anna" for "Smith, Anna" and "Dr. Anna Smith".

    A name that cannot be split is used whole: one word, a family name with a title or initials, a
    company, or a name in Chinese, Japanese or Korean.
    """
    whole = " ".join(name.split()).strip(" ,") or name
    given = _given(_BRACKETS.sub(" ", whole))
    return given or whole


def _given(name: str) -> str | None:
    if _WHOLE_SCRIPTS.search(name) or re.search(r"[0-9@/]", name):
        return None
    parts = [words for part in _COMMA.split(name) if (words := _words(part))]
    everything = [word for words in parts for word in words]
    if any(_is_legal_form(word) for word in everything[1:]) or any(map(_is_no_person, everything)):
        return None
    parts = parts[:1] + [words for words in parts[1:] if not DEGREES.issuperset(map(_plain, words))]
    if len(parts) > 1:  # Smith, Anna
        return _first_of(_without_titles(parts[1]), family_follows=False)
    words = _without_titles(parts[0]) if parts else []
    while len(words) > 2 and _plain(words[-1]) in DEGREES:
        words = words[:-1]
    return _first_of(words, family_follows=True)


def _is_no_person(word: str) -> bool:
    return word in _JOINED or _plain(word) in NO_PERSON


def _is_legal_form(word: str) -> bool:
    plain = _plain(word)
    if plain in _UNCLEAR_FORMS:
        return "." in word or word.isupper()
    return plain in LEGAL_FORMS


def _first_of(words: list[str], *, family_follows: bool) -> str | None:
    """The given name at the front of a name without titles. Skips initials before it."""
    least = 2 if family_follows else 1
    if family_follows and len(words) >= least:
        if words[0] in PARTICLES:
            return None
        if _plain(words[0]) in VIETNAMESE:
            return words[-1]
        if _plain(words[0]) in HUNGARIAN or _is_family_in_capitals(words):
            later = [word for word in words[1:] if not _is_capitals(word)]
            return later[0] if later else words[0]
        if len(words) > least and _PATRONYMIC.fullmatch(words[-1]):
            return words[-2]
    while words and (_is_initial(words[0]) or _is_abbreviation(words[0])):
        words = words[1:]
    if len(words) < least:
        return None
    if _plain(words[0]) in BOUND:
        return " ".join(words[:2]) if len(words) > least else None
    return words[0]


def _without_titles(words: list[str]) -> list[str]:
    while words and _plain(words[0]) in TITLES:
        words = words[1:]
    return words


def _words(part: str) -> list[str]:
    """The words that contain a letter, without the symbols around them. "J.R." and "Dr.Anna" are
    two words."""
    found: list[str] = []
    split = part.split()
    for word in split:
        after = found or len(split) == 1  # "J.R." in "J.R. Smith" does not mean junior
        known = TITLES | LEGAL_FORMS | DEGREES if after else TITLES
        glued = [word] if _plain(word) in known else re.split(r"(?<=\.)(?=\w)", word)
        found += [_trimmed(one) for one in glued]
    return [word for word in found if word]


def _trimmed(word: str) -> str:
    """The word without symbols at its ends, such as emoji and quotes. An initial keeps its dot."""
    if word in _JOINED:
        return word
    kept = [i for i, c in enumerate(word) if unicodedata.category(c)[0] in "LM"]
    if not kept:
        return ""
    end = kept[-1] + 1
    return word[kept[0] : end] + ("." if word[end : end + 1] == "." else "")


def _plain(word: str) -> str:
    return word.replace(".", "").replace("״", '"').replace("׳", "'").casefold()


def _is_initial(word: str) -> bool:
    letters = word.rstrip(".")
    return len(letters) == 1 and (word.endswith(".") or letters.isupper())


def _is_abbreviation(word: str) -> bool:
    """Whether this is a title that is not listed, or an abbreviated name: Md. Rahim Uddin."""
    return word.endswith(".") and len(word) > 2


def _is_capitals(word: str) -> bool:
    return len(word.rstrip(".")) > 2 and word.isupper()


def _is_family_in_capitals(words: list[str]) -> bool:
    """Whether the family name is in capitals, as French forms write DUPONT Jean. JR Smith does not
    count."""
    return _is_capitals(words[0]) and not all(_is_capitals(word) for word in words)
