"""Access control: credentials of callers, their roles, and what each may read and write."""
