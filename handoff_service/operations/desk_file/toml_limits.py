"""Limits on a TOML file, checked before parsing.

Python's parser recurses into nested values and stores every prefix of a dotted key. A file of a few
kilobytes can therefore take seconds or gigabytes. A desk file needs no deep nesting, long keys or
long lines, so one linear pass refuses them.
"""

import re

from handoff_service.rules.shared.phrases import phrase

MOST_BYTES = 20_000_000  # about 100,000 users; the admin's page accepts 1 MB
LONGEST_LINE = 50_000  # characters; 50 attributes of 200 characters are below 25,000
MOST_DEPTH = 16  # nesting of arrays and inline tables; a desk file has up to 4
MOST_PARTS = 4  # parts of a dotted key; a desk file has up to 3

# Possessive quantifiers (*+, ++) never backtrack, so the pass is linear even for an unterminated
# string.
_TOKEN = re.compile(
    r"""
      "{3} (?: [^"\\]++ | \\. | "(?!"") )*+ (?: "{3,5} | \Z )
    | '{3} (?: [^']++ | '(?!'') )*+ (?: '{3,5} | \Z )
    | " (?: [^"\\\n]++ | \\[^\n] )*+ "?
    | ' [^'\n]*+ '?
    | \# [^\n]*+
    | (?P<mark> [\[\]{}.,=\n] )
    """,
    re.VERBOSE | re.DOTALL,
)


class TooMuch(Exception):
    """The file is too large or too complex to parse. ``line``: the line of the problem. ``what``:
    the reason."""

    def __init__(self, line: int, what: str) -> None:
        self.line, self.what = line, what
        super().__init__(f"{line}: {what}")


def check_size(size: int) -> None:
    """Raise TooMuch for a file that is larger than any desk needs."""
    if size > MOST_BYTES:
        raise TooMuch(1, phrase("the file has more than {most} MB", most=MOST_BYTES // 1000000))


def check(text: str) -> None:
    """Raise TooMuch for a line that is too long, for values that are nested too deeply, and for a
    key with too many parts."""
    _check_lines(text)
    depth, parts = 0, 1
    for token in _TOKEN.finditer(text):
        mark = token["mark"]
        if mark is None:
            continue
        if mark == ".":
            parts += 1
            if parts > MOST_PARTS:
                raise TooMuch(
                    _line(text, token.start()),
                    phrase("a key may have at most {most} parts", most=MOST_PARTS),
                )
            continue
        parts = 1
        if mark in "[{":
            depth += 1
            if depth > MOST_DEPTH:
                raise TooMuch(
                    _line(text, token.start()),
                    phrase("values may be nested at most {most} deep", most=MOST_DEPTH),
                )
        elif mark in "]}":
            depth = max(0, depth - 1)


def _check_lines(text: str) -> None:
    start = 0
    while (end := text.find("\n", start)) >= 0 or (end := len(text)) > start:
        if end - start > LONGEST_LINE:
            raise TooMuch(
                _line(text, start),
                phrase("a line may have at most {most:,} characters", most=LONGEST_LINE),
            )
        start = end + 1


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
