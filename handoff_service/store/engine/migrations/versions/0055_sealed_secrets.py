"""Adds secrets that the desk has created for itself, and the id of the secret key for a user's
facts."""

import sqlalchemy as sa
from alembic import op

revision = '0055'
down_revision = '0054'


def upgrade() -> None:
    op.create_table('own_secrets',
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('secret', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('name', name=op.f('pk_own_secrets')))
    op.add_column('user_facts', sa.Column('key_id', sa.Text(), nullable=True))
