"""Adds the newest prompt of each interaction, which stays until an agent answers, and the agents
who have dismissed it."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
PROMPTED = sa.text('closed_at IS NULL AND prompted_seq IS NOT NULL')


def upgrade() -> None:
    op.create_table('dismissed_prompts',
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_dismissed_prompts_agent_id_agents'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'],
        name=op.f('fk_dismissed_prompts_interaction_id_interactions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('agent_id', 'interaction_id', name=op.f('pk_dismissed_prompts'))
    )
    op.add_column('interactions', sa.Column('prompted_seq', sa.Integer(), nullable=True))
    op.create_index('ix_interactions_prompted', 'interactions', ['assigned_to'],
        sqlite_where=PROMPTED, postgresql_where=PROMPTED)
    op.execute(
        'UPDATE interactions SET prompted_seq = ('
        "SELECT max(m.seq) FROM messages m WHERE m.interaction_id = interactions.id AND "
        "m.event = 'prompt') "
        'WHERE closed_at IS NULL'
    )
