"""The nouns of gitmesh: specs, keys, resources, problems and the graph that links them. Pure."""
