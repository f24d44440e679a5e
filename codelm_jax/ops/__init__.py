"""Numerical operations below the model: attention, rotary embedding, dropout, products, the loss, sampling thresholds."""
