"""Where everything is kept: PostgreSQL, its pools, its tables, its migrations, and the only commit."""
