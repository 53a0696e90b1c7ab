"""Backbones and networks: definition, simulator, training, evaluation, weights and cards. Imports no broker."""
