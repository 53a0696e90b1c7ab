"""How a resolved galaxy looks in a picture, measured without any model of its light.

``segmentation`` finds the galaxy in the middle, ``asymmetry`` and ``deviation`` are classical measures of its shape,
and ``disturbance`` has all three of a picture, and what the merger network says.
"""
