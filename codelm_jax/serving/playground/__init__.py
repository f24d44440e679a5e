"""The playground: a page on which people try the model, and the small part of the server that hands it out."""
