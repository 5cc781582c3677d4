"""Start, train, supervise, lint and measure the bot, which has its own Python environment.

These modules may import ``operations`` and the layers below it. The web pages and the console
commands import these modules.
"""
