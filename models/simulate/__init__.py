"""A simulated night: packets like ZTF's and Rubin's, made by the project itself.

Everything here is simulated, repeats for a given seed, and comes with its truth.
``night`` draws what happens, ``sky`` paints it, ``faults`` spoils some exposures,
``ztf`` and ``rubin`` write the packets. ``morphology`` and ``blemishes`` go further than a night
needs: galaxies and faults of every kind, for what is trained in `models.train`.
"""
