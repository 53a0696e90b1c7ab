"""Measures the epoch rules: on two simulated worlds and on real packets, the project's own beside all others."""
