"""Faster optimizers: what the chapter says on momentum and on learning rates of each weight's own."""
