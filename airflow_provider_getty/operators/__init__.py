"""Operators, one a file, and their bases."""
