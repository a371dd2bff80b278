"""Long work: what a request is too small for, cut into shards that every replica computes.

    POST ── too large, or respond-async ──> jobs (a row) ── claimed by lease ──> coordinator (any replica)
    coordinator ── a message a shard ──> queue ── one at a time ──> worker (every replica), a thread a core
    worker ── the part, by what it is of ──> cache ──> coordinator: merges in order, ends the job

The row is the truth: queue and cache may lose what they hold, and the coordinator asks again. A shard's part
depends on nothing but its key, so that whoever computes it, and however often, the answer is the same bytes.
"""
