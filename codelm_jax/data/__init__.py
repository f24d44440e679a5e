"""Data: Python sources become a corpus, a tokenizer, token files and batches."""
