"""Stores chosen and automatic presence separately, and adds the desk's id and the time of a
message's last change.

Before this migration, setting an agent to Away overwrote the agent's choice. The migration restores
the choice from the presence history. It is the latest presence that accepts work.
"""

import secrets

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0016'
down_revision = '0015'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
SET_AWAY = "presence = 'away' AND presence_reason IS NOT NULL"
CHOSEN_BEFORE = """
    coalesce((
        SELECT l.presence FROM presence_log l
        WHERE l.agent_id = agents.id AND (
            l.presence = 'available'
            OR l.presence IN (SELECT p.name FROM presence_states p WHERE p.takes_work)
        )
        ORDER BY l.id DESC LIMIT 1
    ), 'available')
"""


def upgrade() -> None:
    op.add_column('agents', sa.Column('automatic_presence', sa.Text(), nullable=True))
    op.add_column('agents', sa.Column('automatic_reason', sa.Text(), nullable=True))
    op.add_column('agents', sa.Column('returned_from', sa.Text(), nullable=True))
    op.execute(
        "UPDATE agents SET automatic_presence = 'away', automatic_reason = presence_reason, "
        f"presence = {CHOSEN_BEFORE} WHERE {SET_AWAY}"
    )
    op.drop_column('agents', 'presence_reason')
    op.add_column('messages', sa.Column('changed_at', UtcTime(), nullable=True))
    op.create_table('left_groups',
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('left_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(
        ['agent_id'], ['agents.id'], name=op.f('fk_left_groups_agent_id_agents'), ondelete='CASCADE'
    ),
    sa.ForeignKeyConstraint(
        ['interaction_id'], ['interactions.id'],
        name=op.f('fk_left_groups_interaction_id_interactions'),
        ondelete='CASCADE',
    ),
    sa.PrimaryKeyConstraint('agent_id', 'interaction_id', name=op.f('pk_left_groups'))
    )
    made = op.create_table('installation',
    sa.Column('id', ID, nullable=False),
    sa.Column('desk_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_installation'))
    )
    op.bulk_insert(made, [{'id': 1, 'desk_id': secrets.token_hex(8)}])
