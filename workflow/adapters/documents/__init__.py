"""Everything that is a file in somebody's office: Word form, Word report, JSON, archive."""
