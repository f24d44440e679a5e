"""What can be said of code as text: repetition, where a definition ends, whether it parses, benchmark files."""
