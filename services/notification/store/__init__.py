"""The tables of notification and the only SQL on them."""
