"""Pictures and files in the workspace and on the phone page: who can open them, how the service
sends them, and what it refuses.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from handoff_service.gateways.s3.media_store import S3Media
from handoff_service.operations.conversations.receive_sms import Attachment, Text, receive_sms
from handoff_service.rules.conversations.media_links import link as signed_link
from handoff_service.store.engine import tables as t
from tests.support.pictures import PDF, bomb, picture
from tests.support.s3_server import S3Server
from tests.support.story import ANN, DIRECT, MIA
from tests.web.workspace_server import SCRIPT, Answer, Running, Visitor, running, shown


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


@pytest.fixture
async def visitor(desk: Running) -> AsyncIterator[Visitor]:
    async with desk.visitor() as one:
        yield one


@pytest.fixture
async def mia(visitor: Visitor) -> Visitor:
    await visitor.sign_in()
    return visitor


async def upload(mia: Visitor, content: bytes, *, csrf: str | None = None) -> Answer:
    """Upload a picture as the composer does."""
    headers = SCRIPT | {
        "X-CSRF-Token": await mia.csrf() if csrf is None else csrf,
        "Content-Type": "image/png",
    }
    async with mia.client.post(
        f"{mia.address}/workspace/media", data=content, headers=headers
    ) as answer:
        return Answer(answer.status, await answer.text(), answer.headers)


async def phone(visitor: Visitor, body: str, *files: tuple[bytes, str]) -> Answer:
    """Post the form of the phone page."""
    form = aiohttp.FormData({"from": ANN, "to": DIRECT, "body": body})
    # A browser sends an empty file when the user chose none.
    for content, kind in files or ((b"", "application/octet-stream"),):
        form.add_field("picture", content, filename="a", content_type=kind)
    async with visitor.client.post(
        f"{visitor.address}/phone/texts", data=form, headers=SCRIPT
    ) as answer:
        return Answer(answer.status, await answer.text(), answer.headers)


async def wait_for_media(desk: Running) -> None:
    """Wait until the service has fetched or refused every received picture and file."""
    async with asyncio.timeout(10):
        while await desk.story.count(t.media, t.media.c.status == "waiting"):
            await asyncio.sleep(0.01)


async def get(visitor: Visitor, path: str) -> tuple[int, bytes, dict[str, str]]:
    async with visitor.client.get(visitor.address + path, allow_redirects=False) as answer:
        return answer.status, await answer.read(), dict(answer.headers)


async def test_only_agents_see_a_phones_picture(desk: Running, mia: Visitor) -> None:
    assert (await phone(mia, "", (picture("JPEG", turned=True), "image/jpeg"))).status == 204
    await wait_for_media(desk)
    page = (await mia.get("/workspace/conversations/1")).text
    assert (
        '<img src="/workspace/media/1" width="48" height="64" alt="Picture from Ann Lee, ' in page
    )
    status, content, headers = await get(mia, "/workspace/media/1")
    assert (status, content) == (200, picture("JPEG", turned=True))
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "private, max-age=3600"
    assert headers["Content-Disposition"] == 'inline; filename="media-1.jpg"'
    async with desk.visitor() as nobody:
        assert (await get(nobody, "/workspace/media/1"))[0] in (303, 401)
        assert (await get(nobody, "/media/1"))[0] == 403
        assert (await get(nobody, "/api/v1/media/1"))[0] == 401
        assert (await get(nobody, f"/phone/media/{1}"))[0] == 200, (
            "in the demo, every visitor may use the phones"
        )
    assert (
        'src="/phone/media/1"'
        in (await mia.get("/phone/texts?from=%2B12025550101&to=%2B18885550200")).text
    )


async def test_a_file_can_only_be_downloaded_and_a_refused_file_shows_the_reason(
    desk: Running, mia: Visitor
) -> None:
    page_as_picture = (b"<script>alert(1)</script>", "image/png")
    exe, hostile = (
        (b"MZ", "application/x-msdownload"),
        (b"x", "text/html;<script>alert(1)</script>"),
    )
    sent = (
        (PDF, "application/pdf"),
        page_as_picture,
        exe,
        hostile,
        (bomb(60_000, 60_000), "image/png"),
    )
    await phone(mia, "look", *sent)
    await wait_for_media(desk)
    status, content, headers = await get(mia, "/workspace/media/1")
    assert (status, content, headers["Content-Type"]) == (200, PDF, "application/pdf")
    assert headers["Content-Disposition"] == 'attachment; filename="media-1.pdf"'
    for refused in range(2, 6):
        assert (await get(mia, f"/workspace/media/{refused}"))[0] == 404
    html = (await mia.get("/workspace/conversations/1")).text
    assert "<script>alert" not in html
    said = shown(html)
    assert "Save the file application/pdf · 1 KB" in said
    assert "The picture was rejected. Its content does not match its type (image/png)." in said
    assert (
        "The file was rejected. This file type isn't supported (application/x-msdownload)." in said
    )
    assert "look" in said


async def test_the_page_shows_a_loading_picture_and_polls_for_it(
    desk: Running, mia: Visitor
) -> None:
    found = (Attachment("simulator:nowhere", "image/png"),)
    text = Text(sid="MM1", requester_number=ANN, provider_number=DIRECT, body="", media=found)

    def store_unfetched_picture(tx: object, _: None) -> None:  # received but not fetched yet
        receive_sms.run(tx, [text])  # type: ignore[arg-type]
        tx.conn.execute(t.due_work.delete())  # type: ignore[attr-defined]

    await desk.desk.store.write(store_unfetched_picture, None)
    html = (await mia.get("/workspace/conversations/1")).text
    assert "Downloading the picture from the provider" in shown(html)
    (line,) = re.findall(r'<li class="msg" id="line-1"[^>]*>', html)
    assert "data-open" in line


async def test_a_text_carries_its_attached_pictures(desk: Running, mia: Visitor) -> None:
    ann = await desk.story.with_agent(MIA)
    answer = await upload(mia, picture())
    assert (answer.status, answer.text) == (201, '{"id":1}')
    sent = await mia.act(f"/workspace/conversations/{ann}/messages", body="", media="1")
    assert sent.status == 204
    async with asyncio.timeout(10):
        while (
            'src="/phone/media/1"'
            not in (await mia.get("/phone/texts?from=%2B12025550101&to=%2B18885550200")).text
        ):
            await asyncio.sleep(0.02)
    page = (await mia.get(f"/workspace/conversations/{ann}")).text
    assert 'alt="Picture from Mia Chen, ' in page
    assert "You: Picture" in shown(page)


LARGE = b"\x89PNG\r\n\x1a\n" + b"x" * 6_000_000
UPLOADS = [
    ("not a picture", b"<svg>", 400, "Only JPEG, PNG and GIF pictures can be sent."),
    (
        "WebP, which carriers do not accept",
        picture("WEBP"),
        400,
        "Only JPEG, PNG and GIF pictures can be sent.",
    ),
    ("an empty body", b"", 400, "The request is empty. Send the picture as its body."),
    (
        "too many pixels",
        bomb(8_000, 8_000),
        400,
        "The picture is too large: 8000 by 8000 pixels. Send a smaller one.",
    ),
    ("too many bytes", LARGE, 413, "A picture can be at most 5 MB."),
]


@pytest.mark.parametrize(
    ("content", "status", "said"), [u[1:] for u in UPLOADS], ids=[u[0] for u in UPLOADS]
)
async def test_an_upload_that_cannot_be_attached_is_refused(
    desk: Running, mia: Visitor, content: bytes, status: int, said: str
) -> None:
    answer = await upload(mia, content)
    assert (answer.status, answer.text) == (status, said)
    assert await desk.story.count(t.media) == 0


async def test_pictures_are_refused_if_the_provider_cannot_send_them(tmp_path: Path) -> None:
    """The provider is an Android phone. The composer has no picture button, and the service refuses
    an upload.
    """
    phone = {"URL": "http://127.0.0.1:9", "PASSWORD": "p", "SIGNING_KEY": "k", "NUMBERS": DIRECT}
    environ = {f"PATCHBOARD_ANDROID_PHONE_{name}": value for name, value in phone.items()}
    environ["PATCHBOARD_SMS_PROVIDER"] = "android_phone"
    async with running(tmp_path, **environ) as desk, desk.visitor() as mia:
        await mia.sign_in()
        interaction = await desk.story.with_agent(MIA)
        page = await mia.get(f"/workspace/conversations/{interaction}")
        assert 'data-most-files="0"' in page.text
        answer = await upload(mia, picture())
        assert (answer.status, "Pictures cannot be sent from this desk." in answer.text) == (
            400, True,
        )  # fmt: skip


async def test_an_upload_without_a_length_is_read_up_to_the_limit(mia: Visitor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    headers = SCRIPT | {"X-CSRF-Token": await mia.csrf(), "Content-Type": "image/png"}
    try:
        async with mia.client.post(
            f"{mia.address}/workspace/media", data=endless(), headers=headers
        ) as answer:
            assert answer.status == 413
    except aiohttp.ClientConnectionError:
        pass  # The server closed the connection while the test was still sending.


async def test_an_upload_needs_a_session_and_the_form_token(desk: Running, mia: Visitor) -> None:
    assert (await upload(mia, picture(), csrf="wrong")).status == 403
    async with desk.visitor() as nobody:
        assert (await upload(nobody, picture(), csrf="")).status == 401
    assert await desk.story.count(t.media) == 0


async def test_other_requests_have_the_small_size_limit(mia: Visitor) -> None:
    headers = SCRIPT | {"X-CSRF-Token": await mia.csrf()}
    async with mia.client.post(
        f"{mia.address}/workspace/presence", data=b"x" * 1_100_000, headers=headers
    ) as answer:
        assert answer.status == 413


async def test_invalid_ids_of_uploads_are_refused_with_the_reason(
    desk: Running, mia: Visitor
) -> None:
    ann = await desk.story.with_agent(MIA)
    for wrong in ("x", "²", "1" * 30, "-1"):
        answer = await mia.act(f"/workspace/conversations/{ann}/messages", body="hi", media=wrong)
        assert (answer.status, "The pictures must be ids of uploads" in answer.text) == (400, True)
    gone = await mia.act(f"/workspace/conversations/{ann}/messages", body="hi", media="999")
    assert (gone.status, "has expired or was already sent" in gone.text) == (400, True)
    assert "hi" not in await desk.story.texted(ann)


async def test_a_phone_sends_no_empty_text_and_no_oversized_picture(
    desk: Running, visitor: Visitor
) -> None:
    assert (await phone(visitor, "")).status == 400
    assert (await phone(visitor, "x", (b"x" * 6_000_000, "image/png"))).status == 413
    assert await desk.story.count(t.messages) == 0


async def test_only_the_service_serves_media_from_an_s3_store(tmp_path: Path, s3: S3Server) -> None:
    bucket = s3.bucket()
    async with running(tmp_path, **s3.settings(bucket)) as desk, desk.visitor() as mia:
        await mia.sign_in()
        await phone(mia, "", (picture(), "image/png"))
        await wait_for_media(desk)
        assert len(list(S3Media(bucket).names())) == 1
        assert not (tmp_path / "media").exists()
        assert (await get(mia, "/workspace/media/1"))[:2] == (200, picture())
        link = signed_link("", desk.desk.settings.secret_key, 1, desk.desk.clock())
        async with desk.visitor() as provider:
            assert (await get(provider, link))[:2] == (200, picture())
            assert (await get(provider, "/media/1"))[0] == 403
        (row,) = await desk.story.rows(t.media)
        S3Media(bucket).remove(row.file)
        assert (await get(mia, "/workspace/media/1"))[0] == 404
        s3.call("DELETE", f"/{bucket.name}")
        status, content, headers = await get(mia, "/workspace/media/1")
        assert (status, headers["Retry-After"]) == (503, "10")
        assert b"Nothing was lost; try again in a moment." in content
        answer = await upload(mia, picture())
        assert (answer.status, answer.text) == (
            503,
            "Pictures and files cannot be reached now. Nothing was lost; try again in a moment.",
        )


async def test_a_missing_file_shows_an_error(desk: Running, mia: Visitor) -> None:
    """A file is missing when processes do not share HOME, or when a restore leaves HOME out."""
    await phone(mia, "", (picture(), "image/png"))
    await wait_for_media(desk)
    (row,) = await desk.story.rows(t.media)
    (desk.desk.media.path / row.file[:2] / row.file).unlink()
    status, content, _ = await get(mia, "/workspace/media/1")
    assert (status, b"not in the media store" in content) == (404, True)
