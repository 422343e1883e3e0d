"""Commands that read the event log: log, show, state, blame, diff, export, status, proxies,
wait."""
