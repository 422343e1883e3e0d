"""Commands that ask the event log: log, show, state, blame, diff, export, status, proxies, wait."""
