"""Reusing what was learned elsewhere: layers of another network, unlabelled data, an auxiliary task."""
