"""GradientTape: records ops and differentiates them."""

from types import TracebackType
from typing import Any

from nacre import _core, tree
from nacre._core import Tensor, Variable


class GradientTape:
    """Records the ops that depend on watched tensors, then differentiates them.

    Trainable variables are watched by themselves. Tapes nest: the inner tape's `gradient` is made
    of ops, so an outer tape that is recording differentiates it again.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched when they are read.

    Example:
        >>> import nacre
        >>> x = nacre.ops.convert_to_tensor([1.0, 2.0])
        >>> with nacre.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.gradient(y, x)
        Tensor([2., 4.], dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = bool(persistent)
        self._watch_variables = bool(watch_accessed_variables)
        self._tape = _core.Tape(self._persistent, self._watch_variables)

    def __enter__(self) -> "GradientTape":
        self._tape.enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tape.leave()

    def watch(self, tensor: Any) -> None:
        """Makes gradients with respect to tensors or variables (or a structure of them) available.

        Raises:
            TypeError: for values that are not tensors or variables, or not of a floating dtype.
        """
        for leaf in tree.flatten(tensor):
            self._tape.watch(leaf)

    def watched_variables(self) -> tuple[Variable, ...]:
        """The trainable variables that were read while recording, in that order."""
        return tuple(self._tape.watched_variables())

    def stop_recording(self) -> "_Stopped":
        """A context in which nothing is recorded.

        Example:
            >>> import nacre
            >>> v = nacre.Variable(2.0)
            >>> with nacre.GradientTape() as tape:
            ...     with tape.stop_recording():
            ...         factor = v * v
            ...     y = factor * v
            >>> tape.gradient(y, v)
            Tensor(4., dtype=float32)
        """
        return _Stopped(self._tape)

    def reset(self) -> None:
        """Forgets what was recorded and watched."""
        self._tape.reset()

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """Gradients of the sum of the targets.

        Args:
            target: a tensor, or a structure of tensors.
            sources: what to differentiate by: tensors that were watched, variables, or a structure.
            output_gradients: weights of the targets, one a target, of its shape; None: ones.
            unconnected_gradients: 'none' gives None, 'zero' gives zeros for sources that no target
                depends on.

        Returns:
            A structure like `sources` with a tensor for each.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                "GradientTape.gradient: expected unconnected_gradients 'none' or 'zero', received "
                f"{unconnected_gradients!r}"
            )
        targets = [t for t in tree.flatten(target) if t is not None]
        weights = [] if output_gradients is None else tree.flatten(output_gradients)
        if weights and len(weights) != len(targets):
            raise ValueError(
                f"GradientTape.gradient: expected {len(targets)} output_gradients, received "
                f"{len(weights)}"
            )
        flat = tree.flatten(sources)
        found = self._tape.gradient(targets, flat, weights)
        if unconnected_gradients == "zero":
            found = [_zeros_like(s) if g is None else g for s, g in zip(flat, found, strict=True)]
        return tree.pack_sequence_as(sources, found)

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: str = "none") -> Any:
        """Derivatives of every element of a tensor: shape target.shape + source.shape.

        The tape must be persistent.
        """
        self._require_persistent("jacobian")
        from nacre import ops

        rows = []
        for i in range(target.size):
            weights = ops.reshape(ops.one_hot(i, target.size, dtype=target.dtype), target.shape)
            rows.append(self.gradient(target, sources, weights, unconnected_gradients))

        def join(*parts: Any) -> Any:
            if parts[0] is None:
                return None
            return ops.reshape(ops.stack(parts), (*target.shape, *parts[0].shape))

        return tree.map_structure(join, *rows)

    def batch_jacobian(self, target: Tensor, source: Tensor) -> Any:
        """Derivatives of each row of `target` by the same row of `source`: shape
        (batch,) + target.shape[1:] + source.shape[1:]. The tape must be persistent."""
        self._require_persistent("batch_jacobian")
        from nacre import ops

        batch = target.shape[0]
        features = target.size // max(batch, 1)
        columns = []
        for i in range(features):
            hot = ops.reshape(ops.one_hot(i, features, dtype=target.dtype), (1, *target.shape[1:]))
            weights = ops.broadcast_to(hot, target.shape)
            columns.append(self.gradient(target, source, weights, "zero"))
        joined = ops.stack(columns, axis=1)
        return ops.reshape(joined, (batch, *target.shape[1:], *source.shape[1:]))

    def _require_persistent(self, what: str) -> None:
        if not self._persistent:
            raise RuntimeError(f"GradientTape.{what} needs a tape made with persistent=True")


class _Stopped:
    """Pauses a tape."""

    def __init__(self, tape: Any) -> None:
        self._tape = tape
        self._was_recording = False

    def __enter__(self) -> None:
        self._was_recording = self._tape.recording
        self._tape.leave()

    def __exit__(self, *error: object) -> None:
        if self._was_recording:
            self._tape.enter()


def _zeros_like(source: Any) -> Tensor:
    from nacre import ops

    return ops.zeros(source.shape, dtype=source.dtype)
