"""Reception of clients' reports about their traffic, with low priority."""
