"""The tables of value-executor and the only SQL on them."""
