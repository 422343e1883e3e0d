"""What happens at a ``git push``: the hooks, what they check, and what they tell the pusher."""
