"""Event loop and memory: shared timers, return of unused memory."""
