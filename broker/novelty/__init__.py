"""Novelty: whether an image has a look-alike anywhere in what was seen before."""
