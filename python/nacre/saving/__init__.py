"""Saving: objects as plain data, and models as files that hold data only."""

from nacre.saving.model_file import load_model, load_weights, save_model, save_weights
from nacre.saving.objects import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_config_values,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

register = register_keras_serializable

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_config_values",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]
