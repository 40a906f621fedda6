"""THE OUTSIDE WORLD: one library per file, each behind a port."""
