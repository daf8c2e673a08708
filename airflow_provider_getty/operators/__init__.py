"""The operators, one per file, and their bases."""
