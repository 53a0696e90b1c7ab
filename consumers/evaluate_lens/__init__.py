"""Measures the lens networks for their card: frozen simulated stamps, and graded real candidates."""
