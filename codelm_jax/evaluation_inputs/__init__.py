"""Joins checkpoints and data to the suites: a checkpoint as functions, prepared data as held-out sets."""
