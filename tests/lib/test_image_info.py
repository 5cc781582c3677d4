"""Pictures are recognized by their bytes. Other files are not recognized."""

import pytest

from handoff_service.lib.image_info import picture_in
from handoff_service.rules.conversations.media import Picture
from tests.support.pictures import PDF, bomb, picture

FOUND = [
    ("PNG", picture("PNG"), Picture("image/png", 64, 48)),
    ("JPEG", picture("JPEG"), Picture("image/jpeg", 64, 48)),
    ("JPEG of a phone held upright", picture("JPEG", turned=True), Picture("image/jpeg", 48, 64)),
    ("GIF", picture("GIF"), Picture("image/gif", 64, 48)),
    ("WebP", picture("WEBP"), Picture("image/webp", 64, 48)),
    ("no picture", PDF, None),
    ("nothing", b"", None),
    ("a format that browsers do not show", picture("BMP"), None),
    ("cut off", picture("PNG")[:60], None),
    ("one changed bit", picture("PNG").replace(b"IDAT", b"IDAU"), None),
    ("an impossible number of pixels", bomb(60_000, 60_000), None),
]


@pytest.mark.parametrize(("content", "expected"), [f[1:] for f in FOUND], ids=[f[0] for f in FOUND])
def test_pictures_are_recognized(content: bytes, expected: Picture | None) -> None:
    assert picture_in(content) == expected


def test_the_pixels_are_never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes would decode to 150 MB. The code reads only the size and decodes nothing."""
    from PIL import ImageFile

    def unpacked(_self: object) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr(ImageFile.ImageFile, "load", unpacked)
    assert picture_in(bomb(7_000, 7_000)) == Picture("image/png", 7_000, 7_000)
