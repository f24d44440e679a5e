"""One change each on the reference's settings; `:cpu` after the file's name takes a size for two cores."""
