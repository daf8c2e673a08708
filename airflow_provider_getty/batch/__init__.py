"""Many generations in one task: items from a file, a journal of what became of each, an engine that runs them."""
