"""What a release chooses and ships beside the weights: which run, and which held-out text."""
