"""The pictures: a library that the emulator draws itself, and what a refinement makes of them."""
