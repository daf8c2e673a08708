"""The sensor that waits for a generation."""
