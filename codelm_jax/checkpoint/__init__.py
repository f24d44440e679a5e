"""Checkpoints: saved atomically, verified when read, restored on any device. Only this package uses orbax."""
