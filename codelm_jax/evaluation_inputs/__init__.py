"""What the evaluation suites take: a checkpoint as a model of functions, and held-out data as a corpus."""
