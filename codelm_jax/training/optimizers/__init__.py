"""Optimizers that `config.optimizer` names: one file each, and one line in the registry."""
