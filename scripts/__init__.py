"""The commands: flags and wiring, no logic."""
