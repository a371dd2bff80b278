"""The rules of notification, in pure Python: who is told what, and in which words."""
