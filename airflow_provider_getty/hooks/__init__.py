"""The connection, and the hook with sync and async methods."""
