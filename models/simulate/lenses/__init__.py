"""Strong lenses and what is mistaken for them, in several bands, in units of a pixel's sky noise.

``priors`` holds the distributions, ``population`` what training and test draw from, ``colours`` the magnitudes;
``light`` paints galaxies, ``arcs`` lenses them, ``impostors`` builds what looks like a lens, ``camera`` adds seeing
and noise; ``stamps`` draws whole stamps with their truth, ``frozen`` those that every figure is measured on.
"""
