"""The connection, and the hook: each method sync and async."""
