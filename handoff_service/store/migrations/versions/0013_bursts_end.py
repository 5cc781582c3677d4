"""Work that is put off again and again is due at the latest then."""

import sqlalchemy as sa
from alembic import op
from handoff_service.store.tables import UtcTime

revision = '0013'
down_revision = '0012'


def upgrade() -> None:
    op.add_column('due_work', sa.Column('latest', UtcTime(), nullable=True))
