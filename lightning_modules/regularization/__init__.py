"""Against overfitting: what the chapter says on regularization."""
