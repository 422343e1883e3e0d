"""OpenAPI description of the APIs of ``gitmesh serve --http``, from the tables of operations."""
