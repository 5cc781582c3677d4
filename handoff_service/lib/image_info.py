"""Reads an image's type and size with Pillow. It accepts only the formats that browsers show."""

from io import BytesIO

from PIL import ExifTags, Image

from handoff_service.rules.conversations.media import SHOWN, Picture

# EXIF orientations with swapped width and height; browsers rotate these pictures
TURNED = frozenset({5, 6, 7, 8})


def picture_in(content: bytes) -> Picture | None:
    """The picture in these bytes, or None. This reads the header and checks the parts, but never
    decodes pixels, so a small file that would decode to gigabytes does no harm."""
    try:
        with Image.open(BytesIO(content), formats=tuple(SHOWN)) as image:
            kind, (width, height) = SHOWN[image.format or ""], image.size
            # Only for JPEG, because cameras write the orientation there. For other formats, Pillow
            # would decode the pixels.
            turned = (
                kind == "image/jpeg" and image.getexif().get(ExifTags.Base.Orientation) in TURNED
            )
            image.verify()
    except Exception:  # noqa: BLE001  # an untrusted file that Pillow cannot read
        return None
    return Picture(kind, height, width) if turned else Picture(kind, width, height)
