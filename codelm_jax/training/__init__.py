"""One training run: the step, what it minimises, how it is watched and how it goes on after a stop."""
