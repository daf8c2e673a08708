"""Draws the images: the library, and the results of all operations."""
