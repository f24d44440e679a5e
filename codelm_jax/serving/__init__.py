"""A trained model over HTTP, in the shape of OpenAI's completions interface."""
