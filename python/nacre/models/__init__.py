"""Models: layers that are compiled, trained, evaluated and saved."""

from nacre.models.cloning import clone_model
from nacre.models.functional import Functional, Input
from nacre.models.model import Model, model_from_json
from nacre.models.sequential import Sequential
from nacre.saving import load_model, save_model

__all__ = [
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
