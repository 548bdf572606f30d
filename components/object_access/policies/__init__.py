"""Policies as pure functions from strings to documents, and an evaluator of what they allow.

Nothing in here imports Pulumi or a cloud's SDK (a test reads the imports), so a policy can be
read, tested and judged without either.
"""
