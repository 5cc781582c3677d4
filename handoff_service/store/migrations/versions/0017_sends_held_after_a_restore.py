"""Sends are held after a restore, until an admin releases them."""

revision = '0017'
down_revision = '0016'


def upgrade() -> None:
    pass
