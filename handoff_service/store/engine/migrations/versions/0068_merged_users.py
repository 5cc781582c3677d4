"""Adds merges of users, and an attribute filter to saved views and the list."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import ID, UtcTime

revision = '0068'
down_revision = '0067'
MERGED = sa.text('merged_into IS NOT NULL')
NOT_UNDONE = sa.text('undone_at IS NULL')


def upgrade() -> None:
    op.add_column('users', sa.Column('merged_into', ID, nullable=True))
    op.create_index('ix_users_merged_into', 'users', ['merged_into'], sqlite_where=MERGED, postgresql_where=MERGED)
    for table in ('list_choices', 'list_views'):
        op.add_column(table, sa.Column('attribute', sa.Text(), nullable=True))
    op.create_table('user_merges',
    sa.Column('id', ID, nullable=False),
    sa.Column('stays_id', ID, nullable=False),
    sa.Column('goes_id', ID, nullable=False),
    sa.Column('agent_id', ID, nullable=True),
    sa.Column('merged_at', UtcTime(), nullable=False),
    sa.Column('undo_until', UtcTime(), nullable=False),
    sa.Column('undone_at', UtcTime(), nullable=True),
    sa.Column('moved', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('cleared', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('gone', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('changes', sa.JSON(), server_default=sa.text("'{}'"), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'], name=op.f('fk_user_merges_agent_id_agents')),
    sa.ForeignKeyConstraint(['goes_id'], ['users.id'], name=op.f('fk_user_merges_goes_id_users')),
    sa.ForeignKeyConstraint(['stays_id'], ['users.id'], name=op.f('fk_user_merges_stays_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_merges'))
    )
    op.create_index('ix_user_merges_stays_id', 'user_merges', ['stays_id', 'id'])
    op.create_index('one_merge_a_user', 'user_merges', ['goes_id'], unique=True, sqlite_where=NOT_UNDONE, postgresql_where=NOT_UNDONE)
