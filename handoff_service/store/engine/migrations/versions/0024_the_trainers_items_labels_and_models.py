"""Adds the trainer's items, labels, pinned texts, models and training runs, and the ranking of
intents in each turn."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.engine.tables import UtcTime

revision = '0024'
down_revision = '0023'

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('bot_models',
    sa.Column('id', ID, nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('parent', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('data_hash', sa.Text(), nullable=False),
    sa.Column('data_diff', sa.Text(), nullable=False),
    sa.Column('scores', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('trained_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_bot_models_agent_id_agents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bot_models')),
    sa.UniqueConstraint('hash', name=op.f('uq_bot_models_hash'))
    )
    op.create_index('ix_bot_models_state', 'bot_models', ['state'])
    op.create_table('bot_promotions',
    sa.Column('id', ID, nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_bot_promotions_agent_id_agents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bot_promotions'))
    )
    op.create_index('ix_bot_promotions_model', 'bot_promotions', ['model', 'at'])
    op.create_table('training_runs',
    sa.Column('id', ID, nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('step', sa.Text(), nullable=True),
    sa.Column('progress', sa.Float(), nullable=False),
    sa.Column('cancel', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('started_at', UtcTime(), nullable=False),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_training_runs_agent_id_agents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_runs'))
    )
    op.create_table('replayed_texts',
    sa.Column('id', ID, nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('bot_turn_id', ID, autoincrement=False, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('before_confidence', sa.Float(), nullable=True),
    sa.Column('after', sa.Text(), nullable=True),
    sa.Column('after_confidence', sa.Float(), nullable=True),
    sa.Column('verdict', sa.Text(), nullable=True),
    sa.Column('agent_id', ID, autoincrement=False, nullable=True),
    sa.Column('judged_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_replayed_texts_agent_id_agents')),
    sa.ForeignKeyConstraint(['bot_turn_id'], ['bot_turns.id'],
        name=op.f('fk_replayed_texts_bot_turn_id_bot_turns')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replayed_texts')),
    sa.UniqueConstraint('model', 'bot_turn_id', name=op.f('uq_replayed_texts_model_bot_turn_id'))
    )
    op.create_table('trainer_items',
    sa.Column('id', ID, nullable=False),
    sa.Column('bot_turn_id', ID, autoincrement=False, nullable=False),
    sa.Column('interaction_id', ID, autoincrement=False, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('fold', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('weight', sa.Float(), nullable=False),
    sa.Column('margin', sa.Float(), nullable=False),
    sa.Column('intent', sa.Text(), nullable=True),
    sa.Column('confidence', sa.Float(), nullable=True),
    sa.Column('ranking', sa.JSON(), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('form', sa.Text(), nullable=True),
    sa.Column('slot', sa.Text(), nullable=True),
    sa.Column('question', sa.Text(), nullable=True),
    sa.Column('suggestion', sa.Text(), nullable=True),
    sa.Column('requester', sa.Text(), nullable=False),
    sa.Column('cluster', ID, nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('marked_by', ID, autoincrement=False, nullable=True),
    sa.Column('marked_at', UtcTime(), nullable=True),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['bot_turn_id'], ['bot_turns.id'],
        name=op.f('fk_trainer_items_bot_turn_id_bot_turns')),
    sa.ForeignKeyConstraint(['interaction_id'], ['interactions.id'],
        name=op.f('fk_trainer_items_interaction_id_interactions')),
    sa.ForeignKeyConstraint(['marked_by'], ['agents.id'],
        name=op.f('fk_trainer_items_marked_by_agents')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trainer_items')),
    sa.UniqueConstraint('bot_turn_id', name=op.f('uq_trainer_items_bot_turn_id'))
    )
    op.create_index('ix_trainer_items_fold', 'trainer_items', ['fold'])
    op.create_index('ix_trainer_items_waiting', 'trainer_items', ['lane', 'state', 'cluster'])
    op.create_table('pinned_texts',
    sa.Column('id', ID, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('fold', sa.Text(), nullable=False),
    sa.Column('intent', sa.Text(), nullable=False),
    sa.Column('form', sa.Text(), nullable=True),
    sa.Column('slot', sa.Text(), nullable=True),
    sa.Column('item_id', ID, autoincrement=False, nullable=True),
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('made_at', UtcTime(), nullable=False),
    sa.Column('removed_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_pinned_texts_agent_id_agents')),
    sa.ForeignKeyConstraint(['item_id'], ['trainer_items.id'],
        name=op.f('fk_pinned_texts_item_id_trainer_items')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pinned_texts'))
    )
    op.create_index('ix_pinned_texts_held', 'pinned_texts', ['fold'],
        sqlite_where=sa.text('removed_at IS NULL'), postgresql_where=sa.text('removed_at IS NULL'))
    op.create_table('trainer_labels',
    sa.Column('id', ID, nullable=False),
    sa.Column('item_id', ID, autoincrement=False, nullable=False),
    sa.Column('agent_id', ID, autoincrement=False, nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('intent', sa.Text(), nullable=True),
    sa.Column('example', sa.Text(), nullable=True),
    sa.Column('file', sa.Text(), nullable=True),
    sa.Column('second', sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column('batch', ID, nullable=True),
    sa.Column('made_at', UtcTime(), nullable=False),
    sa.Column('undone_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id'],
        name=op.f('fk_trainer_labels_agent_id_agents')),
    sa.ForeignKeyConstraint(['item_id'], ['trainer_items.id'],
        name=op.f('fk_trainer_labels_item_id_trainer_items')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_trainer_labels'))
    )
    op.create_index('ix_trainer_labels_agent_id', 'trainer_labels', ['agent_id', 'id'])
    op.create_index('ix_trainer_labels_batch', 'trainer_labels', ['batch'])
    op.create_index('ix_trainer_labels_item_id', 'trainer_labels', ['item_id'])
    op.add_column('bot_turns', sa.Column('model', sa.Text(), nullable=True))
    op.add_column('bot_turns', sa.Column('ranking', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('bot_turns', sa.Column('asked', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('bot_turns', sa.Column('expected', sa.Text(), nullable=True))
    op.create_index('ix_bot_turns_asked_at', 'bot_turns', ['asked_at'])
