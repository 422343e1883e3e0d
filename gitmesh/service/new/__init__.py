"""Documents to start from: what ``gitmesh new`` writes."""
