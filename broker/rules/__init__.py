"""Rules that tell a problematic epoch from a good one: one file a rule, each under its own name."""
