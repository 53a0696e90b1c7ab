"""The figures of the merger card: on the frozen stamps, and on real pictures."""
