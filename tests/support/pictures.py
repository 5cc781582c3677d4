"""Small real pictures and files, generated on demand."""

import struct
import zlib
from io import BytesIO

from PIL import Image

PDF, VCARD, AMR = (
    b"%PDF-1.7\n%%EOF\n",
    b"BEGIN:VCARD\r\nFN:Ann Lee\r\nEND:VCARD\r\n",
    b"#!AMR\n\x3c",
)


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (64, 48),
    *,
    color: str = "teal",
    turned: bool = False,
) -> bytes:
    """Return a picture in one color. ``turned``: with EXIF orientation 6, as from a phone that was
    held upright.
    """
    made = BytesIO()
    image = Image.new("RGB", size, color)
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    image.save(made, kind, **({"exif": exif} if turned else {}))
    return made.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG whose header claims this many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
