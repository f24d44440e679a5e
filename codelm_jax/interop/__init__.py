"""The model in other projects' formats."""
