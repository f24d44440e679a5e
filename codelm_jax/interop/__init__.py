"""Export to and import from formats of other projects."""
