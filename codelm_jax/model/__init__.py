"""The causal transformer: its configuration, layers, dropout and key-value cache."""
