"""Learning rate scheduling: what the chapter says on changing the rate while the network learns."""
