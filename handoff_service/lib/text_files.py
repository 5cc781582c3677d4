"""Reads text files that other programs have written, such as a spreadsheet or an editor."""

import codecs

UTF_8_ONLY = "Save the file as UTF-8, then import it again."
#: Byte order marks (Unicode Standard, section 23.8). UTF-32 is first, because the mark of UTF-16 is
#: a prefix of the mark of UTF-32.
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class NotUtf8(ValueError):
    """The file is not UTF-8 text. The message follows the file's name."""


def text_of(content: bytes) -> str:
    """The text of a UTF-8 file, with or without a byte order mark. Raises NotUtf8, which names the
    encoding if possible."""
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    # UTF-16 without a mark: in English text, every second byte is zero
    if encoding is None and b"\0" in content[:4]:
        encoding = "UTF-16"
    if encoding is not None:
        raise NotUtf8(f"is {encoding} text. {UTF_8_ONLY}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotUtf8(f"cannot be read: line {line} is not UTF-8. {UTF_8_ONLY}") from error
