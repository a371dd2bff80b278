"""The rules of the committer, in pure Python: promises, the life of a contract, and money."""
