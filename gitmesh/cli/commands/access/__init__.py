"""Commands about access to the API: credential."""
