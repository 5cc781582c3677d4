"""What a picture's bytes say of it, by pillow: the formats that browsers show, and no others."""

from io import BytesIO

from PIL import ExifTags, Image

from handoff_service.rules.conversations.media import SHOWN, Picture

TURNED = frozenset({5, 6, 7, 8})  # EXIF orientations that lie on their side: browsers stand them up


def picture_in(content: bytes) -> Picture | None:
    """The picture that these bytes are, or None. Reads the header and checks the parts, and never unpacks the pixels:
    a small file that unpacks to gigabytes costs nothing here."""
    try:
        with Image.open(BytesIO(content), formats=tuple(SHOWN)) as image:
            kind, (width, height) = SHOWN[image.format or ""], image.size
            # Only of a JPEG, as cameras write them: for other formats pillow would unpack the pixels to look.
            turned = kind == "image/jpeg" and image.getexif().get(ExifTags.Base.Orientation) in TURNED
            image.verify()
    except Exception:  # noqa: BLE001  # whatever a parser of strangers' bytes trips over: it is no picture
        return None
    return Picture(kind, height, width) if turned else Picture(kind, width, height)
