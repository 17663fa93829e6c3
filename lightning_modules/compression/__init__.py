"""After training: a smaller model, a faster one, one that says when it does not know."""
