"""Layers: the building blocks of models."""

from nacre.layers.core import Activation, Dense, Identity, InputLayer, Lambda
from nacre.layers.layer import Layer
from nacre.models.functional import Input

__all__ = [
    "Activation",
    "Dense",
    "Identity",
    "Input",
    "InputLayer",
    "Lambda",
    "Layer",
]
