"""The commands: flags, and the wiring of the rooms below; `scripts/` and the console commands start them."""
