"""Command ids, so that a command that is run again finds its effect and its answer."""

revision = '0014'
down_revision = '0013'


def upgrade() -> None:
    pass
