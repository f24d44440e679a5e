"""Generated exercises: small documented Python functions, composed from meaning, run in the sandbox, with tests."""
