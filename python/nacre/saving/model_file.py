"""Model files: one safetensors file, the configuration in its metadata."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from nacre import _core
from nacre.saving.objects import CustomObjectScope, deserialize_keras_object, serialize_keras_object

_ENDINGS = (".nacre", ".safetensors")


_BUDGET_FLOOR = 1 << 20  # of bytes of weights: for what a layer keeps beside what is saved


@contextlib.contextmanager
def weight_budget(count: int) -> Iterator[None]:
    """Within it a configuration cannot make more bytes of weights than its file may hold."""
    before = _core.set_weight_budget(count)
    try:
        yield
    finally:
        _core.set_weight_budget(before)


def _path(filepath: Any, overwrite: bool = True, keras: str = ".keras") -> str:
    path = os.fspath(filepath)
    if not path.endswith((*_ENDINGS, keras)):
        raise ValueError(
            f"expected a path that ends in .nacre, .safetensors or {keras}, received '{path}'"
        )
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"'{path}' exists already; pass overwrite=True to replace it")
    return path


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Writes a model: architecture, weights, compilation, optimizer state. Atomic.

    Args:
        model: The model, built.
        filepath: Path that ends in ``.nacre`` or ``.safetensors``; or in ``.keras``: a file that
            Keras 3 reads, written with h5py.
        overwrite: Whether an existing file is replaced; else FileExistsError.

    Raises:
        ValueError: The model has no weights yet, or its path has another ending.
        OSError: The file cannot be written; an existing one is as it was.
    """
    path = _path(filepath, overwrite)
    if not model.built:
        raise ValueError(f"save: the model '{model.name}' has not been built yet")
    if path.endswith(".keras"):
        from nacre.saving import keras_file

        return keras_file.save_model(model, path)
    optimizer = model.optimizer
    try:
        compile_config = model.get_compile_config()
    except TypeError:
        compile_config = None  # made with functions that are not data: saved without it
    _core.write_model_file(
        path,
        serialize_keras_object(model),
        compile_config,
        model.variables,
        optimizer.variables if optimizer is not None and optimizer.built else [],
    )


def load_model(
    filepath: Any, custom_objects: dict | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Reads a model that ``save``, or Keras 3, wrote. Files hold data, never code.

    Args:
        filepath: Path of the file; one that ends in ``.keras`` is Keras's and needs h5py.
        custom_objects: Classes and functions of the caller's own, by name.
        compile: Whether the model is compiled as it was.
        safe_mode: Kept for Keras's signature.

    Returns:
        The model, with its weights and optimizer state.

    Raises:
        ValueError: The file is no sound model file, or names an unknown class.
        FileNotFoundError: There is no such file.
    """
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file '{path}'")
    if path.endswith(".keras"):
        from nacre.saving import keras_file

        return keras_file.load_model(path, custom_objects, compile)
    config, compile_config, variables, optimizer_variables = _core.read_model_file(path)
    if config is None:
        raise ValueError(f"{path}: expected a model, but the file holds weights alone")
    with CustomObjectScope(custom_objects):
        try:
            with weight_budget(sum(value.nbytes for _, value in variables) + _BUDGET_FLOOR):
                model = deserialize_keras_object(config)
            if not hasattr(model, "compile_from_config"):
                raise ValueError("it describes no model")
            _core.assign_variables(model.variables, variables, path)
            if compile and compile_config is not None:
                model.compile_from_config(compile_config)
                if optimizer_variables:
                    model.optimizer.build(model.trainable_variables)
                    _core.assign_variables(model.optimizer.variables, optimizer_variables, path)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise ValueError(f"{path}: the model cannot be made again: {error}") from error
    return model


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Writes the weights of a built model. Atomic.

    Args:
        model: The model.
        filepath: Path that ends in ``.nacre`` or ``.safetensors``; or in ``.weights.h5``: a file
            that Keras 3 reads, with the optimizer's state.
        overwrite: Whether an existing file is replaced; else FileExistsError.
    """
    path = _path(filepath, overwrite, ".weights.h5")
    if not model.built:
        raise ValueError(f"save_weights: the model '{model.name}' has not been built yet")
    if path.endswith(".h5"):
        from nacre.saving import keras_file

        return keras_file.save_weights(model, path)
    _core.write_model_file(path, None, None, model.variables, [])


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Reads weights into a model built the same way.

    Args:
        model: The model, built.
        filepath: A file that ``save_weights`` or ``save`` wrote, or Keras 3
            (``.weights.h5``, ``.keras``).
        skip_mismatch: Whether variables whose shape does not fit keep their values.

    Raises:
        ValueError: Number or shapes do not fit; nothing is changed.
    """
    path = os.fspath(filepath)
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file '{path}'")
    if not model.built:
        raise ValueError(f"load_weights: the model '{model.name}' has not been built yet")
    if path.endswith((".h5", ".keras")):
        from nacre.saving import keras_file

        return keras_file.load_weights(model, path, skip_mismatch)
    _, _, values, _ = _core.read_model_file(path)
    variables = model.variables
    if skip_mismatch:
        pairs = [
            (variable, value)
            for variable, value in zip(variables, values, strict=False)
            if tuple(variable.shape) == tuple(value[1].shape)
        ]
        variables, values = [v for v, _ in pairs], [v for _, v in pairs]
    _core.assign_variables(variables, values, path)
