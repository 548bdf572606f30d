"""The rehearsal: the unmodified program, run against an embedded cloud that enforces access."""
