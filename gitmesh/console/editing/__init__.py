"""Proposals: changes that a person wants, on their way through review, merge and commit.

Read ``proposal.py`` first; ``review.py`` says what a proposal would do.
"""
