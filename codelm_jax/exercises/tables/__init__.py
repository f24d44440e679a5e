"""The templates, one topic a file, in the notation of `codelm_jax.exercises.template`."""
