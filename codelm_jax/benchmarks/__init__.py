"""How fast it is, and how fast others are at the same work in the same run."""
