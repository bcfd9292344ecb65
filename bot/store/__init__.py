"""SQLite: what is remembered. SQL lives here and nowhere else."""
