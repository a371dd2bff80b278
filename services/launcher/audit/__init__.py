"""The consistency audit: whether every accepted request's effect exists once, by what the databases hold.

It reads one snapshot with the owner's login, tenant by tenant, and changes nothing. What is under way is no
finding before it has had its time (`patience`).
"""

from services.launcher.audit.auditing import Audit, Finding, Outcome, audit

__all__ = ["Audit", "Finding", "Outcome", "audit"]
