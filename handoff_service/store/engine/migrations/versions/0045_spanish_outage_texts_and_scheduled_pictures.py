"""Adds the Spanish text to everybody who reported an outage, and pictures in scheduled texts."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID

revision = '0045'
down_revision = '0044'


def upgrade() -> None:
    op.add_column('outage_texts', sa.Column('body_es', sa.Text(), nullable=True))
    op.create_table('scheduled_media',
        sa.Column('scheduled_text_id', ID, nullable=False, autoincrement=False),
        sa.Column('media_id', ID, nullable=False, autoincrement=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['scheduled_text_id'], ['scheduled_texts.id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['media_id'], ['media.id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('scheduled_text_id', 'media_id'))
    op.create_index('ix_scheduled_media_media_id', 'scheduled_media', ['media_id'])
