"""Classical methods, which the learnt ones must beat: one file each."""
