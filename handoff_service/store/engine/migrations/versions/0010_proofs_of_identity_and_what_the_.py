"""Adds identity proofs, and the answer that a running proof expects from the requester."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0010'
down_revision = '0009'
ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
TIED = sa.text('user_id IS NOT NULL')


def upgrade() -> None:
    op.create_table('proof_answers',
    sa.Column('id', ID, nullable=False),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('guesses', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'],
        name=op.f('fk_proof_answers_interaction_id_interactions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proof_answers'))
    )
    op.create_index('ix_proof_answers_interaction_id', 'proof_answers', ['interaction_id'])

    op.create_table('proofs',
    sa.Column('id', ID, nullable=False),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('asked_by', ID, autoincrement=False, nullable=True),
    sa.Column('claimed', sa.Text(), nullable=True),
    sa.Column('user_id', ID, autoincrement=False, nullable=True),
    sa.Column('code_hash', sa.Text(), nullable=True),
    sa.Column('code_until', UtcTime(), nullable=True),
    sa.Column('wrong', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('turn_id', ID, nullable=True),
    sa.Column('verdict', sa.Text(), nullable=True),
    sa.Column('method', sa.Text(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('why', sa.Text(), nullable=True),
    sa.Column('made_at', UtcTime(), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by'], ['agents.id'], name=op.f('fk_proofs_asked_by_agents')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'],
        name=op.f('fk_proofs_interaction_id_interactions')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_proofs_user_id_users')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proofs'))
    )
    op.create_index('ix_proofs_interaction_id', 'proofs', ['interaction_id'])
    op.create_index('ix_proofs_number', 'proofs', ['number', 'id'])
    op.create_index('ix_proofs_user_id', 'proofs', ['user_id'], sqlite_where=TIED,
        postgresql_where=TIED)

    op.create_table('proof_sends',
    sa.Column('id', ID, nullable=False),
    sa.Column('proof_id', ID, autoincrement=False, nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['proof_id'], ['proofs.id'],
        name=op.f('fk_proof_sends_proof_id_proofs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proof_sends'))
    )
    op.create_index('ix_proof_sends_number', 'proof_sends', ['number', 'at'])

    op.add_column('interactions', sa.Column('expects', sa.Text(), nullable=True))
    op.add_column('interactions', sa.Column('back_to', ID, nullable=True))
