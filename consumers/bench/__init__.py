"""Measures the whole system and each of its stages, beside what a plain worker does and what the networks allow."""
