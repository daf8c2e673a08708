"""Task decorators: a function returns the request, an operator does the rest."""
