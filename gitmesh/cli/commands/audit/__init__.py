"""Commands for auditors: verify, keygen, checkpoint, prove, backup."""
