"""The routes of the committer, one file a resource: parse, call, answer."""
