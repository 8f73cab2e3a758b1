"""Keras 3's files: ``.keras`` (a zip of configuration and weights) and ``.weights.h5``.

Files are data: classes are looked up in nacre and in what was registered, links and external data
in HDF5 are refused, and a weight is read only where a variable of its shape waits for it.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from nacre._files import atomic_file
from nacre.saving import keras_layout
from nacre.saving.model_file import weight_budget
from nacre.saving.objects import CustomObjectScope, deserialize_keras_object, serialize_keras_object

_KERAS_VERSION = "3.15.0"  # whose layout is written
_ASSETS = "assets/"
_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MAX_TEXT = 1 << 28  # bytes of a configuration
_MAX_EXPANSION = 1 << 10  # of compressed data
_FLOOR = 1 << 20  # bytes below which expansion does not matter
# What the readers of zip, HDF5 and JSON raise for a file that is not sound.
_UNSOUND = (
    OSError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    EOFError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "Keras's files need h5py; install it with pip install nacre[keras]"
        ) from error
    return h5py


@contextlib.contextmanager
def _sound(path: str, what: str) -> Iterator[None]:
    """Makes whatever an unsound file raises a ValueError that names the file."""
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except RecursionError as error:
        raise ValueError(f"{path}: {what}: it is nested too deeply") from error
    except _UNSOUND as error:
        text = str(error)
        raise ValueError(text if text.startswith(path) else f"{path}: {what}: {text}") from error


# Weights ----------------------------------------------------------------------------------------


def _write_weights(model: Any, file: Any) -> None:
    with _h5py().File(file, "w") as h5:
        for path, item, variables in keras_layout.entries(model):
            group = h5.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = item.name
            for index, variable in enumerate(variables):
                value = variable.numpy()
                if variable.dtype == "bfloat16":
                    # As Keras keeps it: the upper halves of float32 as opaque bytes.
                    bits = np.ascontiguousarray(value, np.float32).view(np.uint32) >> 16
                    value = bits.astype("<u2").view("V2").reshape(np.shape(value))
                    group.create_dataset(str(index), data=value).attrs["dtype"] = "bfloat16"
                else:
                    group.create_dataset(str(index), data=value)


def _group(parent: Any, path: str) -> Any:
    """The group at a path, no link followed; None where there is none."""
    h5py = _h5py()
    for name in path.split("/"):
        if name not in parent:
            return None
        if not isinstance(parent.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"'{path}': links are not allowed")
        parent = parent[name]
        if not isinstance(parent, h5py.Group):
            raise ValueError(f"'{path}': expected a group")
    return parent


def _read(group: Any, name: str, shape: tuple) -> np.ndarray:
    """A dataset, read only when it is plain numbers of the shape that is waited for."""
    h5py = _h5py()
    where = f"'{group.name}/{name}'"
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{where}: links are not allowed")
    data = group[name]
    if not isinstance(data, h5py.Dataset) or data.external or data.is_virtual:
        raise ValueError(f"{where}: expected a dataset in the file itself")
    halves = data.dtype == np.dtype("V2") and data.attrs.get("dtype") == "bfloat16"
    if data.dtype.kind not in "fiub" and not halves:
        raise ValueError(f"{where}: expected numbers, received dtype {data.dtype}")
    if data.shape != shape:
        raise ValueError(f"{where}: expected shape {shape}, received {data.shape}")
    declared = data.size * data.dtype.itemsize
    if declared > _FLOOR and declared > _MAX_EXPANSION * data.id.get_storage_size():
        raise ValueError(f"{where}: {declared} bytes are declared, but few are stored")
    value = np.asarray(data[()])
    if halves:
        bits = value.view("<u2").astype(np.uint32) << 16
        return bits.view(np.float32).reshape(shape)
    return value


def _values(h5: Any, entries: list, skip_mismatch: bool) -> list[tuple[Any, np.ndarray]]:
    """Variables and their values in a file.

    Raises:
        ValueError: One is missing or does not fit.
    """
    pairs = []
    for path, item, variables in entries:
        group = _group(h5, f"{path}/vars" if path else "vars")
        found = 0 if group is None else len(group)
        if found != len(variables):
            if skip_mismatch:
                continue
            raise ValueError(
                f"'{path or item.name}': expected {len(variables)} variables of "
                f"{type(item).__name__} '{item.name}', received {found}"
            )
        for index, variable in enumerate(variables):
            if str(index) not in group:
                raise ValueError(f"'{group.name}': variable {index} is missing")
            try:
                pairs.append((variable, _read(group, str(index), tuple(variable.shape))))
            except ValueError:
                if not skip_mismatch:
                    raise
    return pairs


def _load_weights(model: Any, file: Any, skip_mismatch: bool, optimizer: bool) -> None:
    """Assigns all values, or none where one does not fit."""
    with _h5py().File(file, "r") as h5:
        own = model.optimizer
        with_state = optimizer and own is not None and _group(h5, "optimizer") is not None
        if with_state and not own.built:
            own.build(model.trainable_variables)
        entries = keras_layout.entries(model, optimizer=False)
        state = keras_layout.entries(model)[len(entries) :] if with_state else []
        pairs = _values(h5, entries, skip_mismatch) + _values(h5, state, skip_mismatch)
    for variable, value in pairs:
        variable.assign(value)


def save_weights(model: Any, path: str) -> None:
    """Writes ``.weights.h5``. Atomic."""
    with atomic_file(path) as file:
        _write_weights(model, file)


def load_weights(model: Any, path: str, skip_mismatch: bool = False) -> None:
    """Reads ``.weights.h5``, or the weights in a ``.keras`` file; nothing is changed on an error.

    The optimizer's state is read with them, where both the file and a compiled model have one.

    Raises:
        ValueError: The file is no sound one, or does not fit.
    """
    with _sound(path, "the weights cannot be read"):
        if path.endswith(".keras"):
            with zipfile.ZipFile(path) as archive:
                _load_weights(model, io.BytesIO(_member(archive, _WEIGHTS)), skip_mismatch, False)
        else:
            built = model.optimizer is not None and model.optimizer.built
            _load_weights(model, path, skip_mismatch, built)


# Models -----------------------------------------------------------------------------------------


def _renamed(value: Any, old: str, new: str) -> Any:
    """A configuration with one package's modules in the place of another's."""
    if isinstance(value, dict):
        made = {key: _renamed(item, old, new) for key, item in value.items()}
        module = made.get("module")
        if "class_name" in made and isinstance(module, str) and module.split(".")[0] == old:
            made["module"] = new + module[len(old) :]
            if made["class_name"] == "Functional":
                made["module"] = f"{new}.src.models.functional" if new == "keras" else module
            elif made["class_name"] in ("Sequential", "Model") and new == "keras":
                made["module"] = "keras"
        return made
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return value


def save_model(model: Any, path: str) -> None:
    """Writes ``.keras``. Atomic.

    Raises:
        ValueError: The configuration or the weights have no form that Keras reads.
    """
    config = serialize_keras_object(model)
    try:
        compile_config = model.get_compile_config()
    except TypeError:
        compile_config = None  # made with functions that are not data: saved without it
    if compile_config is not None:
        config["compile_config"] = compile_config
    now = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": _KERAS_VERSION, "date_saved": now, "written_by": "nacre"}
    weights = io.BytesIO()
    _write_weights(model, weights)
    with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, json.dumps(_renamed(config, "nacre", "keras")))
        archive.writestr(_WEIGHTS, weights.getbuffer())


def _load_assets(model: Any, assets: dict[str, bytes]) -> None:
    """Gives layers the files that Keras keeps for them, such as vocabularies.

    Raises:
        ValueError: A file belongs to no layer, or has a name that is a path.
    """
    for path, item, _ in keras_layout.entries(model, optimizer=False):
        prefix = f"{_ASSETS}{path}/"
        names = [name for name in assets if os.path.dirname(name) + "/" == prefix]
        if not names or not hasattr(item, "load_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                with open(os.path.join(folder, os.path.basename(name)), "wb") as file:
                    file.write(assets.pop(name))
            item.load_assets(folder)
    if assets:
        raise ValueError(f"'{next(iter(assets))}' belongs to no layer")


def _member(archive: zipfile.ZipFile, name: str, limit: int | None = None) -> bytes:
    """A member of an archive, its declared size checked before it is read."""
    info = archive.getinfo(name)
    expands = info.file_size > max(_FLOOR, _MAX_EXPANSION * info.compress_size)
    if expands or (limit is not None and info.file_size > limit):
        raise ValueError(f"'{name}' declares {info.file_size} bytes")
    return archive.read(info)


def load_model(path: str, custom_objects: dict | None, compile: bool) -> Any:
    """Reads ``.keras``.

    Raises:
        ValueError: The file is no sound one, or names an unknown class.
    """
    _h5py()
    with _sound(path, "the model cannot be made again"), CustomObjectScope(custom_objects):
        with zipfile.ZipFile(path) as archive:
            config = json.loads(_member(archive, _CONFIG, _MAX_TEXT))
            weights = _member(archive, _WEIGHTS)
            assets = {
                name: _member(archive, name, _MAX_TEXT)
                for name in archive.namelist()
                if name.startswith(_ASSETS) and not name.endswith("/")
            }
        if not isinstance(config, dict):
            raise ValueError("expected a configuration")
        compile_config = config.pop("compile_config", None)
        with weight_budget(_MAX_EXPANSION * len(weights) + _FLOOR):
            model = deserialize_keras_object(config)
        if not hasattr(model, "compile_from_config"):
            raise ValueError("it describes no model")
        if compile and compile_config:
            model.compile_from_config(compile_config)
        _load_assets(model, assets)
        _load_weights(model, io.BytesIO(weights), False, bool(compile and compile_config))
    return model
