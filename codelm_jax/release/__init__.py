"""Makes a release: chooses a run, exports it, and adds a held-out text and measured figures."""
