"""What alembic runs: one transaction per revision, on the connection that `store.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

LOCK_TIMEOUT = "3s"
"""A migration that waits for a lock makes everyone behind it wait too; better to give up and say so."""


def migrate(connection: Connection) -> None:
    """Run the pending revisions as the owner of the database."""
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


migrate(context.config.attributes["connection"])
