"""OpsKnight: incidents and on call, in one process on one PostgreSQL."""
