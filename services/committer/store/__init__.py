"""The tables of the committer and the only SQL on them."""
