"""Scripts in which words are not set apart by blanks, or are not what people search for. Source: Unicode's Blocks.txt.

A search there is for a run of letters anywhere. So each letter begins a word of the index, as long as its script needs
for words that are rare enough: two letters of Chinese, Japanese and Korean, three of Thai and its neighbors. With one
letter of Thai a search for a word took twenty times as long; texts in Latin letters cost what they did.
"""

import re

#: Thai, Lao, Tibetan, Myanmar, Khmer. Their vowel signs are marks, which belong to the letter before.
_THREE = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f"
#: Hangul, kana, Han with its extensions. Halfwidth forms and radicals are folded before.
_TWO = (
    "\u1100-\u11ff\uac00-\ud7ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_NO_LETTER = "\u0e2f\u0e3f\u0e4f\u0e5a\u0e5b\u0f04-\u0f14\u104a-\u104f\u17d4-\u17da\u30a0\u30fb"
_RUN = rf"(?:(?![{_NO_LETTER}])[{_TWO}])+|(?:(?![{_NO_LETTER}])[{_THREE}])+"
#: Vowel signs of India's scripts are marks, and yet letters of a word; dandas are punctuation.
_SIGNS = "\u0900-\u0963\u0966-\u096f\u0971-\u0df3"
#: A run of letters that one rule reads: a word, or a stretch of a script without blanks.
RUN = re.compile(rf"{_RUN}|(?:(?![{_TWO}{_THREE}])[^\W_]|[{_SIGNS}])+")
_OF_TWO, _OF_THREE = re.compile(f"[{_TWO}]"), re.compile(f"[{_THREE}]")


def length_of_words(run: str) -> int:
    """How many letters a word of the index has in this run's script; 0: the run is one word."""
    if run.isascii():
        return 0
    return 2 if _OF_TWO.match(run) else 3 if _OF_THREE.match(run) else 0


def words_of(run: str, longest: int) -> list[str]:
    """The words of the index for a run: one from each letter of a script without blanks, else the run itself."""
    length = length_of_words(run)
    return [run[n : n + length] for n in range(len(run))] if length else [run[:longest]]
