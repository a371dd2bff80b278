"""The rules of the executor, in pure Python: no I/O, no framework."""
