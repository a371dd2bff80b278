"""The rules of the amplifier, in pure Python: no I/O, no framework."""
