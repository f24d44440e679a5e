"""The report and the model card of a run, made from its JSON files alone."""
