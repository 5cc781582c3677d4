"""Scripts that do not separate words by spaces, or in which people search for parts of words.
Source: Unicode's Blocks.txt.

In these scripts, a search finds a run of letters anywhere. Each letter therefore starts an index
word, just long enough to be selective: two letters in Chinese, Japanese and Korean, three in Thai
and its neighbors. Index words of one letter would make a search in Thai twenty times slower. Texts
in Latin letters need no additional index words.
"""

import re

#: Thai, Lao, Tibetan, Myanmar, Khmer. Their vowel signs are marks that belong to the letter before
#: them.
_THREE = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f"
#: Hangul, kana, and Han with its extensions. Folding has already replaced halfwidth forms and
#: radicals.
_TWO = (
    "\u1100-\u11ff\uac00-\ud7ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_NO_LETTER = "\u0e2f\u0e3f\u0e4f\u0e5a\u0e5b\u0f04-\u0f14\u104a-\u104f\u17d4-\u17da\u30a0\u30fb"
_RUN = rf"(?:(?![{_NO_LETTER}])[{_TWO}])+|(?:(?![{_NO_LETTER}])[{_THREE}])+"
#: In India's scripts, vowel signs are marks but count as letters of a word; dandas are punctuation.
_SIGNS = "\u0900-\u0963\u0966-\u096f\u0971-\u0df3"
#: A run of letters to which one rule applies: a word, or consecutive letters of a script without
#: spaces.
RUN = re.compile(rf"{_RUN}|(?:(?![{_TWO}{_THREE}])[^\W_]|[{_SIGNS}])+")
_OF_TWO, _OF_THREE = re.compile(f"[{_TWO}]"), re.compile(f"[{_THREE}]")


def length_of_words(run: str) -> int:
    """The length in letters of an index word in this run's script. 0: the whole run is one word."""
    if run.isascii():
        return 0
    return 2 if _OF_TWO.match(run) else 3 if _OF_THREE.match(run) else 0


def words_of(run: str, longest: int) -> list[str]:
    """The index words of a run: one from each letter in a script without spaces, else the first
    ``longest`` letters of the run."""
    length = length_of_words(run)
    return [run[n : n + length] for n in range(len(run))] if length else [run[:longest]]
