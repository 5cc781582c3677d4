"""Adds the progress of reports: how far they have read messages the first and the second time."""

import sqlalchemy as sa
from alembic import op

revision = '0077'
down_revision = '0075'


def upgrade() -> None:
    with op.batch_alter_table('report_progress') as table:
        table.add_column(sa.Column('read_to', sa.BigInteger(), nullable=False, server_default='0'))
    op.execute('UPDATE report_progress SET read_to = done_to')
    with op.batch_alter_table('report_progress') as table:
        table.alter_column('read_to', server_default=None)
