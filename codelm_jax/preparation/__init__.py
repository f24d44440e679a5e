"""Prepares training data: from sources through filters and splits to token files."""
