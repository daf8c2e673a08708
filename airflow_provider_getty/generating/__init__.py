"""Never pay twice: from a user's arguments to one paid generation and its outcome."""
