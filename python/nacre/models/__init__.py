"""Models: layers that are compiled, trained, evaluated and saved."""

from nacre.models.functional import Input
from nacre.models.model import Model
from nacre.models.sequential import Sequential
from nacre.saving import load_model

__all__ = ["Input", "Model", "Sequential", "load_model"]
