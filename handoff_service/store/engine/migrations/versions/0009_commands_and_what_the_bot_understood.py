"""Adds the words of commands, the number of identical answers after which an agent takes over from
the bot, turns that the desk starts, and the bot's report on a turn."""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'


def upgrade() -> None:
    op.add_column('desk',
        sa.Column('commands', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column('desk',
        sa.Column('same_answers', sa.Integer(), server_default=sa.text('2'), nullable=False))
    op.add_column('bot_turns', sa.Column('opening', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('bot_turns', sa.Column('understood', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('bot_turns', sa.Column('said', sa.Text(), nullable=True))
