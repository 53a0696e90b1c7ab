"""Dead letters: looked at, and sent once more."""
