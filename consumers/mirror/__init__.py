"""Brings topics of a foreign cluster into ours, exactly once."""
