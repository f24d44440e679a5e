"""Opens prepared data: token files, tokenizer, manifest, and the batches that training and evaluation read."""
