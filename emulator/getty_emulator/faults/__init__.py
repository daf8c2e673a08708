"""Faults: every state that Getty's API has no trigger for, and for the oddities of servers and networks."""
