"""What a person wants to change, as it travels through review, merge and commit.

Read ``proposal.py`` first; ``review.py`` says what a proposal would do.
"""
