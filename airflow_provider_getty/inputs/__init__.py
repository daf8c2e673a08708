"""Reads and validates user input: arguments, masks, shapes, pictures, storage."""
