"""Where everything is kept: SQLAlchemy Core on SQLite or PostgreSQL, rows turned into values by hand."""
