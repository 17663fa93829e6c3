"""What the project's own packages offer: whether the pages describe all of it, and links from programs to it."""
