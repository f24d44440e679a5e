"""Checkpoints: saved in one piece, verified when read, opened on any device; the only room that knows orbax."""
