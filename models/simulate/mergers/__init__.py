"""Galaxies that a close passage has torn at, and what is mistaken for them.

``three_body`` follows the stars of two discs through the passage, ``light`` says how bright each star is, ``render``
shows them on pixels; ``impostors`` paints everything else, ``regular`` spirals as deep images show them, and
``surroundings`` what else is in a field; ``stamps`` draws whole stamps with their truth, ``frozen`` those that every
figure is measured on.
"""
