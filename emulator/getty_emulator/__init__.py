"""A local Getty Images AI Generator: the API over real HTTP, a credits ledger, and faults for every state.

Start it with ``python -m getty_emulator``, or in a test with the fixture ``getty_emulator`` or
``with getty_emulator.server.Emulator() as getty:``. Nothing heavy is imported here, because pytest
imports this package for the fixture in every test run.
"""
