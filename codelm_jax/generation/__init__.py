"""Text in, text out: jitted decoding from a checkpoint."""
