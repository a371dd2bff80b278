"""The plumbing every service stands on. It knows no domain word."""
