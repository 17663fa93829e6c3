"""Keeping gradients alive: what the chapter says on vanishing and exploding gradients."""
