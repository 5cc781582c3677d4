"""A bot that repeats each text, over the channel that ``bring-your-own-bot.md`` describes. It needs
no model, so a test can run one on each host: ``python -m tests.support.small_bot PORT``.
"""

import sys

from aiohttp import web


async def answer(request: web.Request) -> web.Response:
    asked = await request.json()
    return web.json_response(
        [{"recipient_id": asked["sender"], "text": f"You wrote: {asked['message']}"}]
    )


def main() -> None:
    app = web.Application()
    app.router.add_post("/webhooks/sms/webhook", answer)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
