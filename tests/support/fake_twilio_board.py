"""The fake Twilio as a command, to try the product by hand: ``python -m tests.support.fake_twilio
--port 4010``."""

import argparse
import asyncio
import contextlib

from aiohttp import web

from tests.support.fake_twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.support.fake_twilio_shapes import as_json


class Board(FakeTwilio):
    """A fake with extra addresses under /control that control it."""

    webhook_base = public_url = ""

    def _app(self) -> web.Application:
        app = super()._app()
        app.router.add_post("/control/inbound", self._inbound)
        app.router.add_get("/control/messages", self._messages)
        return app

    async def _inbound(self, request: web.Request) -> web.Response:
        """``{"from", "to", "body", "media": [[address, type]]}``: send a text from that phone."""
        asked = await request.json()
        media = [(str(url), str(kind)) for url, kind in asked.get("media", [])]
        answer = await self.send_inbound(
            f"{self.public_url}/webhooks/twilio/sms",
            asked["from"],
            asked["to"],
            asked["body"],
            media,
        )
        return web.json_response({"status": answer.status, "text": answer.text})

    async def _messages(self, _request: web.Request) -> web.Response:
        return web.json_response([as_json(m) for m in self.messages.values()])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.support.fake_twilio", description="A fake Twilio."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4010)
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument(
        "--webhook-base", default="http://127.0.0.1:8000", help="where Patchboard listens"
    )
    parser.add_argument("--public-url", help="the address that is signed; else --webhook-base")
    parser.add_argument("--answer-delay", type=float, default=0.0, help="seconds")
    parser.add_argument("--callback-delay", type=float, default=0.5, help="seconds")
    return parser.parse_args()


async def _serve(args: argparse.Namespace) -> None:
    twilio = Board(account_sid=args.account_sid, auth_token=args.auth_token)
    twilio.public_url = args.public_url or args.webhook_base
    twilio.reroute = {twilio.public_url: args.webhook_base}
    twilio.answer_delay, twilio.callback_delay = args.answer_delay, args.callback_delay
    await twilio.start(args.host, args.port)
    print(
        f"PATCHBOARD_SMS_PROVIDER=twilio PATCHBOARD_TWILIO_API_URL={twilio.url} "
        f"PATCHBOARD_TWILIO_ACCOUNT_SID={args.account_sid} "
        f"PATCHBOARD_TWILIO_AUTH_TOKEN={args.auth_token} "
        f"PATCHBOARD_PUBLIC_URL={twilio.public_url}\ncurl -s {twilio.url}/control/inbound "
        """-d '{"from": "+12025550101", "to": "+18885550100", "body": "Hi"}'\n"""
        f"curl -s {twilio.url}/control/messages",
        flush=True,
    )
    try:
        await asyncio.Event().wait()
    finally:
        await twilio.close()


def main() -> None:
    """Serve until Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
