"""Trails of moving sources and what is mistaken for them, in units of the sky noise of a pixel.

``trail`` paints the sources, ``impostors`` what looks like them, ``background`` what lies under both;
``stamps`` draws whole stamps with their truth, ``frozen`` those that every figure is measured on.
"""
