"""Making the project's own weights: what they are trained on, and how."""
