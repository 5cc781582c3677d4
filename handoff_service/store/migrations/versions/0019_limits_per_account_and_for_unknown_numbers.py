"""Limits for codes per account and for replies to unknown numbers; when a recovered text was sent."""

revision = '0019'
down_revision = '0018'


def upgrade() -> None:
    pass
