"""Rules for media: accepted pictures and files, and links that expire."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff_service.rules.conversations.media import (
    AcceptedFile,
    Picture,
    RefusedFile,
    file_name,
    in_words,
    judge_file,
    sendable,
)
from handoff_service.rules.conversations.media_links import is_valid, link

PNG = Picture("image/png", 64, 48)
HUGE = Picture("image/png", 60_000, 60_000)

JUDGED = [
    ("a picture", b"..", "image/png", PNG, AcceptedFile("image/png", 64, 48)),
    (
        "a picture with another type's name keeps its real type",
        b"..",
        "image/jpeg",
        PNG,
        AcceptedFile("image/png", 64, 48),
    ),
    ("a picture without a type", b"..", "", PNG, AcceptedFile("image/png", 64, 48)),
    (
        "a picture whose type has parameters",
        b"..",
        "image/png; name=a.png",
        PNG,
        AcceptedFile("image/png", 64, 48),
    ),
    (
        "too many pixels",
        b"..",
        "image/png",
        HUGE,
        "The picture is too large: 60000 by 60000 pixels. Send a smaller one.",
    ),
    (
        "a page with a picture's type",
        b"<html>",
        "image/png",
        None,
        "Its content does not match its type (image/png).",
    ),
    (
        "a picture that claims to be a page",
        b"..",
        "text/html",
        PNG,
        "This file type isn't supported (text/html).",
    ),
    ("a page", b"<html>", "text/html", None, "This file type isn't supported (text/html)."),
    (
        "a drawing with scripts",
        b"<svg>",
        "image/svg+xml",
        None,
        "This file type isn't supported (image/svg+xml).",
    ),
    ("a PDF", b"%PDF-1.7", "application/pdf", None, AcceptedFile("application/pdf")),
    (
        "a program with a PDF's type",
        b"MZ",
        "application/pdf",
        None,
        "Its content does not match its type (application/pdf).",
    ),
    (
        "a PDF without a type",
        b"%PDF-1.7",
        "application/octet-stream",
        None,
        AcceptedFile("application/pdf"),
    ),
    (
        "an unknown file without a type",
        b"MZ",
        "",
        None,
        "Its content does not match its type (no type).",
    ),
    ("a contact", b"BEGIN:VCARD", "TEXT/X-VCARD", None, AcceptedFile("text/x-vcard")),
    ("a voice note", b"#!AMR\n", "audio/amr", None, AcceptedFile("audio/amr")),
    ("a video", b"\0\0\0\x18ftyp3gp4", "video/3gpp", None, AcceptedFile("video/3gpp")),
    (
        "a picture that browsers do not show",
        b"\0\0\0\x18ftypheic",
        "image/heic",
        None,
        AcceptedFile("image/heic"),
    ),
    ("an empty file", b"", "image/png", None, "Its content does not match its type (image/png)."),
]


@pytest.mark.parametrize(
    ("content", "said", "picture", "expected"), [j[1:] for j in JUDGED], ids=[j[0] for j in JUDGED]
)
def test_the_type_and_the_content_decide_whether_a_file_is_accepted(
    content: bytes, said: str, picture: Picture | None, expected: AcceptedFile | str
) -> None:
    assert judge_file(content, said, picture) == (
        RefusedFile(expected) if isinstance(expected, str) else expected
    )


def test_agents_may_send_small_pictures_of_common_types() -> None:
    assert sendable(PNG, 5_000_000) == AcceptedFile("image/png", 64, 48)
    assert sendable(PNG, 5_000_001) == RefusedFile(
        "A picture can be at most 5 MB; this one is 5 MB."
    )
    assert sendable(PNG, 7_340_032) == RefusedFile(
        "A picture can be at most 5 MB; this one is 7.3 MB."
    )
    assert isinstance(sendable(HUGE, 1000), RefusedFile)
    for not_sent in (None, Picture("image/webp", 1, 1)):
        assert sendable(not_sent, 1000) == RefusedFile(
            "Only JPEG, PNG and GIF pictures can be sent."
        )


def test_file_names_and_sizes_are_readable() -> None:
    assert [in_words(n) for n in (1, 812_345, 999_999, 4_230_000)] == [
        "1 KB",
        "812 KB",
        "1000 KB",
        "4.2 MB",
    ]
    assert file_name(7, "image/jpeg") == "media-7.jpg"
    assert file_name(7, "application/pdf") == "media-7.pdf"
    assert len(file_name(123_456_789, "application/vnd.something")) <= 20


def test_a_link_works_for_an_hour_for_one_file_and_one_key() -> None:
    now = datetime(2026, 11, 23, 14, tzinfo=UTC)
    made = link("https://sms.example.com", "key", 7, now)
    address, _, query = made.partition("?expires=")
    expires, _, signature = query.partition("&signature=")
    assert address == "https://sms.example.com/media/7"
    assert is_valid("key", 7, expires, signature, now + timedelta(hours=1))
    assert not is_valid("key", 7, expires, signature, now + timedelta(hours=1, seconds=1))
    wrong = [
        ("key", 8, expires, signature),
        ("other", 7, expires, signature),
        ("key", 7, str(int(expires) + 1), signature),
        ("key", 7, "", signature),
        ("key", 7, "9" * 40, signature),
        ("key", 7, "²", signature),
        ("key", 7, expires, ""),
        ("key", 7, expires, "é"),
    ]
    assert [is_valid(*given, now) for given in wrong] == [False] * len(wrong)
