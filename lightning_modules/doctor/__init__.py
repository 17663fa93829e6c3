"""What is wrong with a training: it is measured while it runs, and rules are asked of what was measured."""
