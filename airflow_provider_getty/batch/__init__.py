"""Many generations in one task: the items, their journal and the engine that runs them."""
