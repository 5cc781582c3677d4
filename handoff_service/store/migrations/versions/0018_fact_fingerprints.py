"""Fingerprints of second facts, to see that one has not changed."""

revision = '0018'
down_revision = '0017'


def upgrade() -> None:
    pass
