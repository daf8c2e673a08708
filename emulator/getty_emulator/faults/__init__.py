"""Faults for every state that cannot be requested from Getty's API, and for the oddities of servers and networks."""
