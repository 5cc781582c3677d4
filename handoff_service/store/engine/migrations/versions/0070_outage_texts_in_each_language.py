"""Adds translations of the text to everybody who reported an outage."""

import sqlalchemy as sa
from alembic import op

revision = '0070'
down_revision = '0069'

OBJECT = {'sqlite': 'json_object', 'postgresql': 'json_build_object'}


def upgrade() -> None:
    op.add_column('outage_texts', sa.Column('translations', sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    made = OBJECT[op.get_bind().dialect.name]
    op.execute(f"UPDATE outage_texts SET translations = {made}('es', body_es) WHERE body_es IS NOT NULL")
    op.drop_column('outage_texts', 'body_es')
