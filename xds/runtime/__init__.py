"""Event loop and memory: shared timers, coroutines that start at once, return of unused memory."""
