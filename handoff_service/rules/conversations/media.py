"""Decides which pictures and files in texts are accepted, by their content and their declared
type.

One message has at most 10 files and 5 MB, because providers accept no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handoff_service.rules.shared.phrases import filled, phrase

MOST_BYTES = 5_000_000  # for all media of one message together
MOST_FILES = 10
MOST_PIXELS = 50_000_000  # our own limit: larger pictures make browsers slow

# Pillow's format name -> media type, for the formats that every browser shows
SHOWN: Mapping[str, str] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
# the formats that every carrier accepts
SENT = frozenset({"image/jpeg", "image/png", "image/gif"})
TOO_LARGE = phrase("The picture is too large: {width} by {height} pixels. Send a smaller one.")
NOT_SUPPORTED = phrase("This file type isn't supported ({name}).")
OTHER_CONTENT = phrase("Its content does not match its type ({name}).")
#: why an incoming file is not kept
REFUSALS = (TOO_LARGE, NOT_SUPPORTED, OTHER_CONTENT)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's media type and displayed size, read from its bytes."""

    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    """The desk keeps the file under this media type. Pages show pictures inline, and offer other
    files only for download."""

    content_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """The file is refused. ``why`` is a sentence for people."""

    why: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file format: the bytes with which it begins (at offset ``at``), and the media types that
    senders declare for it."""

    begins: tuple[bytes, ...]
    types: tuple[str, ...]
    at: int = 0


FILES: Sequence[_File] = (
    _File((b"%PDF-",), ("application/pdf",)),
    _File(
        (b"BEGIN:VCARD", b"begin:vcard", b"\xef\xbb\xbfBEGIN:VCARD"),
        ("text/vcard", "text/x-vcard", "text/directory", "application/vcard"),
    ),
    _File((b"BEGIN:VCALENDAR",), ("text/calendar",)),
    _File((b"#!AMR",), ("audio/amr", "audio/amr-nb", "audio/amr-wb")),
    _File((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"), ("audio/mpeg", "audio/mp3")),
    _File((b"OggS",), ("audio/ogg", "audio/vorbis", "video/ogg")),
    _File((b"RIFF",), ("audio/wav", "audio/x-wav", "audio/vnd.wave")),
    _File((b"\x1a\x45\xdf\xa3",), ("audio/webm", "video/webm")),
    _File(
        (b"ftyp",),
        (
            "video/mp4", "audio/mp4", "video/3gpp", "audio/3gpp", "video/3gpp2", "audio/3gpp2",
            "video/quicktime",
            "audio/x-m4a", "image/heic", "image/heif",
        ),
        at=4,
    ),
    _File((b"II*\0", b"MM\0*"), ("image/tiff",)),
    _File((b"BM",), ("image/bmp",)),
)  # fmt: skip
NAMELESS = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def judge_file(
    content: bytes, declared: str, picture: Picture | None
) -> AcceptedFile | RefusedFile:
    """Whether an incoming file is kept. ``declared``: its declared media type.

    A picture that is declared as any picture type, or without a type, is kept under its real type.
    Any other file must have a format of ``FILES`` that fits its declared type. Without a declared
    type, any format of ``FILES`` is accepted.
    """
    name = declared.partition(";")[0].strip().lower()
    if picture is not None and (name.startswith("image/") or name in NAMELESS):
        if picture.width * picture.height > MOST_PIXELS:
            return RefusedFile(filled(TOO_LARGE, width=picture.width, height=picture.height))
        return AcceptedFile(picture.content_type, picture.width, picture.height)
    kinds = [kind for kind in FILES if name in kind.types or name in NAMELESS]
    if not kinds and name not in SHOWN.values():
        return RefusedFile(filled(NOT_SUPPORTED, name=name[:100]))
    found = next((kind for kind in kinds if content.startswith(kind.begins, kind.at)), None)
    if found is None:
        return RefusedFile(filled(OTHER_CONTENT, name=name[:100] or phrase("no type")))
    return AcceptedFile(name if name in found.types else found.types[0])


def sendable(picture: Picture | None, size: int) -> AcceptedFile | RefusedFile:
    """Whether an agent may send this picture."""
    if size > MOST_BYTES:
        return RefusedFile(
            phrase(
                "A picture can be at most {most}; this one is {size}.",
                most=in_words(MOST_BYTES),
                size=in_words(size),
            )
        )
    if picture is None or picture.content_type not in SENT:
        return RefusedFile(phrase("Only JPEG, PNG and GIF pictures can be sent."))
    if picture.width * picture.height > MOST_PIXELS:
        return RefusedFile(filled(TOO_LARGE, width=picture.width, height=picture.height))
    return AcceptedFile(picture.content_type, picture.width, picture.height)


def is_shown(content_type: str) -> bool:
    """Whether browsers show this type inline. Other types are only offered for download."""
    return content_type in SHOWN.values()


def file_name(media_id: int, content_type: str) -> str:
    """A download name of at most 20 ASCII characters, as carriers require."""
    return f"media-{media_id}.{ENDINGS.get(content_type, content_type.partition('/')[2])}"[:20]


ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg", "text/vcard": "vcf", "text/x-vcard": "vcf", "text/directory": "vcf",
    "application/vcard": "vcf", "text/calendar": "ics", "audio/mpeg": "mp3",
    "video/quicktime": "mov",
    "video/3gpp": "3gp", "audio/3gpp": "3gp", "video/3gpp2": "3g2", "audio/3gpp2": "3g2",
    "audio/amr-nb": "amr", "audio/amr-wb": "amr", "audio/vnd.wave": "wav", "audio/x-wav": "wav",
    "audio/x-m4a": "m4a",
}  # fmt: skip


def in_words(size: int) -> str:
    """A file size for people: 812 KB, 4.2 MB."""
    if size < 1_000_000:
        return f"{max(round(size / 1000), 1)} KB"
    return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"
