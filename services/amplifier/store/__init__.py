"""The tables of value-amplifier and the only SQL on them."""
