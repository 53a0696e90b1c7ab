"""Measures novelty: scores against their competitors, calibration, look-alikes, and an index of a million entries."""
