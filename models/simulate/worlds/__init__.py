"""Two simulated worlds in which epoch rules are measured: their skies, optics and exposures are made with GalSim.

They share no code with what networks are trained on (`models.train.stamps` and the painters of
`models.simulate`), so that a rule cannot do well by knowing how its training images were drawn.

``monitoring`` and ``alert_selected`` are the worlds; ``observed`` is what they yield. An object's ``field``
and ``light_curves`` are shown through ``optics`` by ``exposing``; ``light_faults`` and ``detector_faults``
paint what spoils an image, and ``faults`` names all kinds and puts them on real stamps.
"""
