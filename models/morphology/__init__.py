"""How a resolved galaxy looks in a picture, measured without any model of galaxies.

``segmentation`` finds the galaxy in the middle, ``asymmetry`` and ``deviation`` are one classical measure each, and
``disturbance`` has all three of a picture.
"""
