"""The task decorators: your function returns the request, an operator does the rest."""
