"""SwapEMAWeights: evaluate with the averaged weights."""

from __future__ import annotations

from typing import Any

from nacre.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Exchanges the weights with their moving averages while the model is evaluated.

    The optimizer keeps the averages: ``use_ema=True``. With ``swap_on_epoch``
    they stay in the model between epochs, for callbacks behind this one, such
    as ``ModelCheckpoint``.

    Args:
        swap_on_epoch: Whether to exchange at the end of each epoch, and back
            at the begin of the next. Defaults to ``False``.

    Raises:
        ValueError: While training, if the optimizer keeps no averages.

    Example:

    >>> import nacre
    >>> model = nacre.Sequential([nacre.layers.Dense(1)])
    >>> model.compile(nacre.optimizers.SGD(use_ema=True), "mse")
    >>> x = nacre.ops.ones((4, 2))
    >>> swap = nacre.callbacks.SwapEMAWeights(swap_on_epoch=True)
    >>> history = model.fit(x, x[:, :1], callbacks=[swap], verbose=0)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        """The trained variables and their averages."""
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        parts = getattr(optimizer, "optimizers", [optimizer])
        with_averages = [part for part in parts if getattr(part, "use_ema", False)]
        if not with_averages:
            raise ValueError("SwapEMAWeights: expected an optimizer with use_ema=True")
        return [
            pair
            for part in with_averages
            for pair in zip(
                part._trainable_variables, part._model_variables_moving_average, strict=True
            )
        ]

    def _swap(self, swapped: bool) -> None:
        if self._swapped == swapped:
            return
        for variable, average in self._pairs():
            value = variable.numpy()
            variable.assign(average)
            average.assign(value)
        self._swapped = swapped

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap(True)
        if self.params and epoch == self.params.get("epochs", 0) - 1:
            # Training ends by giving the weights their averages: these are in the weights now.
            for variable, average in self._pairs():
                average.assign(variable)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._swap(False)
