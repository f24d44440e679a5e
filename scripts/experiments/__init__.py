"""Studies that need more than a config: each is a command of its own."""
