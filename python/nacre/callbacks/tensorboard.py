"""TensorBoard: event files of metrics, weights and profiles."""

from __future__ import annotations

import json
import os
import time
import warnings
from typing import Any

import numpy as np

from nacre.callbacks.callback import Callback, Logs


def _event_writer(folder: str) -> Any:
    """A writer of event files in a folder.

    Raises:
        ImportError: tensorboardX is not installed.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError as error:
        raise ImportError(
            "TensorBoard: event files are written by tensorboardX; install it with "
            "pip install nacre[tensorboard]"
        ) from error
    return SummaryWriter(folder)


class TensorBoard(Callback):
    """Writes what TensorBoard shows: metrics, weights, the model, profiles.

    Needs ``tensorboardX`` (``pip install nacre[tensorboard]``). The logs of
    training go to ``train``, those of validation to ``validation`` below
    ``log_dir``; the tags are Keras's: ``epoch_loss``, ``batch_loss``,
    ``evaluation_loss_vs_iterations``, ``<weight>/histogram``.

    Args:
        log_dir: Folder. Defaults to ``"logs"``.
        histogram_freq: Epochs between histograms of the weights; ``0``: none.
            Defaults to ``0``.
        write_graph: Whether the model's configuration is written, as a text.
            Defaults to ``True``.
        write_images: Whether weights are written as images as well, with their
            histograms. Defaults to ``False``.
        write_steps_per_second: Whether the speed is written. Defaults to
            ``False``.
        update_freq: ``"epoch"``, ``"batch"``, or a number of batches after which
            metrics are written. Defaults to ``"epoch"``.
        profile_batch: A batch, counted from 1 over all epochs, or a pair: the
            first and the last one to be profiled; ``0``: none. The profile is
            a trace of the kernels (Chrome's format) in ``train/plugins/profile``.
            Defaults to ``0``.
        embeddings_freq: Epochs between copies of the weights for the projector;
            ``0``: none. Defaults to ``0``.
        embeddings_metadata: Name of the file with the metadata of all
            embeddings, or a dictionary of them by the layer's name.

    Raises:
        ImportError: tensorboardX is not installed.
        ValueError: If an argument is not one of these.

    Example:

    >>> import nacre, tempfile
    >>> model = nacre.Sequential([nacre.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x = nacre.ops.ones((4, 2))
    >>> board = nacre.callbacks.TensorBoard(tempfile.mkdtemp())  # doctest: +SKIP
    >>> history = model.fit(x, x[:, :1], callbacks=[board], verbose=0)  # doctest: +SKIP
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        whole = isinstance(update_freq, int) and not isinstance(update_freq, bool)
        if update_freq not in ("batch", "epoch") and not (whole and int(update_freq) > 0):
            raise ValueError(
                "TensorBoard: expected `update_freq` 'batch', 'epoch' or a positive integer, "
                f"received {update_freq!r}"
            )
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._profiled = _batch_range(profile_batch)
        self._profile: Any = None
        self._writers: dict[str, Any] = {}
        self._train_batch = 0
        self._epoch_start = (0.0, 0)
        self._batch_start = 0.0
        import importlib.util

        if importlib.util.find_spec("tensorboardX") is None:
            _event_writer(self.log_dir)  # says what to install

    def _needs(self, hook: str) -> bool:
        if hook in ("on_train_batch_begin", "on_train_batch_end"):
            own = getattr(type(self), hook) is getattr(TensorBoard, hook)
            per_batch = self.update_freq != "epoch" or self._profiled != (0, 0)
            return per_batch or not own or hook in self.__dict__
        return super()._needs(hook)

    def _writer(self, kind: str) -> Any:
        if kind not in self._writers:
            self._writers[kind] = _event_writer(os.path.join(self.log_dir, kind))
        return self._writers[kind]

    # Hooks --------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._train_batch = 0
        if self.write_graph:
            self._write_model()
        if self.embeddings_freq:
            self._write_projector()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._train_batch += 1
        self._batch_start = time.perf_counter()
        if self._train_batch == self._profiled[0]:
            self._start_profile()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.update_freq != "epoch" and self._train_batch % int(self.update_freq) == 0:
            values = {f"batch_{name}": value for name, value in (logs or {}).items()}
            if self.write_steps_per_second:
                seconds = time.perf_counter() - self._batch_start
                values["batch_steps_per_second"] = 1 / max(seconds, 1e-9)
            self._write_scalars("train", values, self._train_batch)
        if self._profile is not None and self._train_batch >= self._profiled[1]:
            self._stop_profile()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.write_steps_per_second:
            self._epoch_start = (time.perf_counter(), int(self.model.optimizer.iterations))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        train, validation = {}, {}
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                validation[f"epoch_{name[4:]}"] = value
            else:
                train[f"epoch_{name}"] = value
        for name, value in self._learning_rates().items():
            train[f"epoch_{name}"] = value
        if self.write_steps_per_second:
            start, steps = self._epoch_start
            done = int(self.model.optimizer.iterations) - steps
            train["epoch_steps_per_second"] = done / max(time.perf_counter() - start, 1e-9)
        self._write_scalars("train", train, epoch)
        self._write_scalars("validation", validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            path = os.path.join(self.log_dir, "train", f"embeddings-{epoch}.safetensors")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.model.save_weights(path)

    def on_test_end(self, logs: Logs | None = None) -> None:
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is None:
            return
        values = {f"evaluation_{k}_vs_iterations": v for k, v in (logs or {}).items()}
        self._write_scalars("validation", values, int(optimizer.iterations))

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._profile is not None:
            self._stop_profile()
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    # What is written ----------------------------------------------------------------------------

    def _write_scalars(self, kind: str, values: dict[str, Any], step: int) -> None:
        if not values:
            return
        writer = self._writer(kind)
        for name, value in values.items():
            if np.ndim(value) == 0:
                writer.add_scalar(name, float(value), step)
        writer.flush()

    def _learning_rates(self) -> dict[str, float]:
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if optimizer is None:
            return {}
        if hasattr(optimizer, "optimizers"):
            parts = optimizer.optimizers
            return {f"learning_rate_{part.name}": float(part.learning_rate) for part in parts}
        return {"learning_rate": float(optimizer.learning_rate)}

    def _write_model(self) -> None:
        from nacre.saving import serialize_keras_object

        try:
            text = json.dumps(serialize_keras_object(self.model), indent=2)
        except (TypeError, ValueError, NotImplementedError) as error:
            warnings.warn(f"TensorBoard: the model has no configuration: {error}", stacklevel=2)
            return
        self._writer("train").add_text("keras", f"```json\n{text}\n```", 0)

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for weight in self.model.weights:
            value = np.asarray(weight.numpy(), np.float32)
            writer.add_histogram(f"{weight.path}/histogram", value, epoch)
            image = _image(value) if self.write_images else None
            if image is not None:
                writer.add_images(f"{weight.path}/image", image, epoch, dataformats="NHWC")
        writer.flush()

    def _write_projector(self) -> None:
        lines = []
        names = self.embeddings_metadata
        left = dict(names) if isinstance(names, dict) else {}
        for layer in self.model.layers:
            if type(layer).__name__ != "Embedding":
                continue
            metadata = names if isinstance(names, str) else left.pop(layer.name, None)
            lines += ["embeddings {", f'  tensor_name: "{layer.name}/embeddings"']
            lines += [f'  metadata_path: "{metadata}"'] if metadata else []
            lines.append("}")
        if left:
            raise ValueError(
                f"TensorBoard: `embeddings_metadata` names no embedding layer: {sorted(left)}"
            )
        os.makedirs(self.log_dir, exist_ok=True)
        path = os.path.join(self.log_dir, "projector_config.pbtxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def _start_profile(self) -> None:
        from nacre import profiler

        self._profile = profiler.profile()
        self._profile.__enter__()

    def _stop_profile(self) -> None:
        profile, self._profile = self._profile, None
        profile.__exit__(None, None, None)
        first, last = self._profiled
        folder = os.path.join(self.log_dir, "train", "plugins", "profile", f"{first}-{last}")
        os.makedirs(folder, exist_ok=True)
        profile.save(os.path.join(folder, "host.trace.json"))


def _batch_range(profile_batch: Any) -> tuple[int, int]:
    """The first and the last batch to profile; (0, 0) for none."""
    given = profile_batch
    if isinstance(given, str):
        given = [int(part) for part in given.split(",")]
        given = given[0] if len(given) == 1 else given
    if isinstance(given, int) and not isinstance(given, bool):
        given = (given, given)
    sound = isinstance(given, tuple | list) and len(given) == 2
    if not sound or given[0] < 0 or given[1] < given[0]:
        raise ValueError(
            "TensorBoard: expected `profile_batch` a non-negative integer or a pair of them, the "
            f"first not above the second, received {profile_batch!r}"
        )
    return int(given[0]), int(given[1])


def _image(weight: np.ndarray) -> np.ndarray | None:
    """A weight as images (n, height, width, channels) in [0, 1]; None where it is none."""
    image = np.squeeze(weight)
    if image.ndim == 1:
        image = image.reshape(1, -1, 1, 1)
    elif image.ndim == 2:
        image = image.T if image.shape[0] > image.shape[1] else image
        image = image[None, :, :, None]
    elif image.ndim == 3:
        image = image.transpose(2, 0, 1)[..., None]
    if image.ndim != 4 or image.shape[-1] not in (1, 3, 4) or image.size == 0:
        return None
    low, high = image.min(), image.max()
    return (image - low) / (high - low) if high > low else np.zeros_like(image)
