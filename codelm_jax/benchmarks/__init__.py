"""Speed of training, decoding and serving, next to other implementations in the same run."""
