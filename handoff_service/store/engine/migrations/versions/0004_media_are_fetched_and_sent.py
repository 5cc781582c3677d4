"""Adds ids to media, so that they can be fetched, stored and sent. No table refers to ``media``, so
this migration recreates it. Older media also wait to be fetched.
"""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0004'
down_revision = '0003'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.execute('CREATE TABLE media_before AS SELECT * FROM media')
    op.drop_table('media')
    op.create_table('media',
    sa.Column('id', ID, nullable=False),
    sa.Column('message_id', ID, nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('agent_id', ID, nullable=True),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('file', sa.Text(), nullable=True),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_media_agent_id_agents')),
    sa.ForeignKeyConstraint(['message_id'], ['messages.id'],
        name=op.f('fk_media_message_id_messages')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_media')),
    sa.UniqueConstraint('message_id', 'position', name=op.f('uq_media_message_id_position'))
    )
    with op.batch_alter_table('media', schema=None) as batch_op:
        batch_op.create_index('ix_media_file', ['file'], unique=False)
    op.execute(
        "INSERT INTO media (message_id, position, url, content_type, status, created_at) "
        "SELECT b.message_id, b.position, b.url, b.content_type, 'waiting', m.created_at "
        "FROM media_before b JOIN messages m ON m.id = b.message_id ORDER BY b.message_id, "
        "b.position"
    )
    op.execute(
        "INSERT INTO due_work (kind, key, line, due_at, attempts) SELECT 'fetch_media', CAST(id "
        "AS TEXT), 'media:' || id, created_at, 0 FROM media"
    )
    op.drop_table('media_before')
