"""Adds prices of messages, pushes of consent to the provider, messaging services, limits for ranges
of unknown numbers, and ruled-out users of a number."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0012'
down_revision = '0011'
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.add_column('messaging_profiles', sa.Column('not_user_id', ID, nullable=True))
    op.add_column('desk',
        sa.Column('most_in_range', sa.Integer(), server_default=sa.text('100'), nullable=False))
    op.add_column('provider_numbers', sa.Column('messaging_service', sa.Text(), nullable=True))
    op.add_column('messages', sa.Column('price', sa.BigInteger(), nullable=True))
    op.add_column('messages', sa.Column('currency', sa.Text(), nullable=True))
    op.add_column('messages', sa.Column('price_before', sa.BigInteger(), nullable=True))
    op.add_column('consents', sa.Column('told_at', UtcTime(), nullable=True))
    op.add_column('consents', sa.Column('told_why', sa.Text(), nullable=True))
    # Only the existing entries that block texts now must still be pushed.
    op.execute(sa.text(
    'UPDATE consents SET told_at = at WHERE id NOT IN (SELECT consent_id FROM '
    'opt_outs)'))
    op.drop_index('ix_interactions_requester_number', 'interactions')
    op.create_index('ix_interactions_requester_number', 'interactions',
        ['requester_number', 'opened_at'])
    op.create_index(
        'ix_consents_untold', 'consents', ['id'],
        sqlite_where=sa.text('told_at IS NULL'), postgresql_where=sa.text('told_at IS NULL'),
    )
