"""OpenAPI description of what ``gitmesh serve --http`` answers, from the tables of operations."""
