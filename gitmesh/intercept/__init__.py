"""Redirects of an application's traffic to its proxy, as nftables rules. Pure."""
