"""The figures of the streak card: on the frozen stamps, on whole frames, and on real images."""
