"""A model's outputs: losses, metrics, targets and weights, one entry an output."""

from __future__ import annotations

from typing import Any

from nacre import tree
from nacre.models import data


class Outputs:
    """How many outputs a model has, how they are nested and what they are called.

    Args:
        structure: The outputs, nested as the model gives them; what the leaves are does not matter.
        names: Names in the order of the leaves; None where the model has none.
    """

    def __init__(self, structure: Any, names: list[str] | None) -> None:
        self.count = len(tree.flatten(structure))
        flat_dict = isinstance(structure, dict) and len(structure) == self.count
        self.by_key = flat_dict
        self.names = [str(k) for k in sorted(structure)] if flat_dict else list(names or [])

    def _entries(self, given: dict[str, Any], what: str, partial: bool) -> list:
        """The values of a dict by output; None for those it leaves out."""
        unknown = [key for key in given if key not in self.names]
        if unknown or not (partial or len(given) == self.count):
            raise ValueError(
                f"{what}: expected outputs out of {self.names}, received {sorted(given)}"
                if unknown
                else f"{what}: expected an entry for each of {self.names}, received {sorted(given)}"
            )
        return [given.get(name) for name in self.names]

    def losses(self, loss: Any, weights: Any) -> tuple[list, list, list]:
        """Losses, their weights, and the output of each.

        Raises:
            ValueError: Their numbers or names do not fit the outputs.
        """
        if loss is None:
            return [], [], []
        if isinstance(loss, dict):
            found = self._entries(loss, "loss", self.by_key)
        elif isinstance(loss, list | tuple):
            found = list(tree.flatten(loss))
            if self.count > 1 and len(found) != self.count:
                raise ValueError(
                    f"loss: expected one loss, or one an output ({self.count}), "
                    f"received {len(found)}"
                )
        else:
            found = [loss] * self.count
        places = list(range(self.count)) if self.count > 1 else [0] * len(found)
        if isinstance(weights, dict):
            entries = self._entries(weights, "loss_weights", True)
            flat = [1.0 if w is None else float(w) for w in entries]
        elif weights is None:
            flat = []
        else:
            flat = [float(w) for w in tree.flatten(weights)]
        if flat and len(flat) != len(found):
            kept = [i for i, item in enumerate(found) if item is not None]
            if len(kept) != len(flat):
                raise ValueError(
                    f"loss_weights: expected one weight a loss ({len(kept)}), received {len(flat)}"
                )
            flat = [flat[kept.index(i)] if i in kept else 1.0 for i in range(len(found))]
        return found, flat, places

    def metrics(self, given: Any, what: str) -> list[list]:
        """A list of metrics for each output.

        Raises:
            ValueError: Their numbers or names do not fit the outputs.
        """
        if not given:
            return []
        if self.count == 1:
            return [tree.flatten(given)]
        if isinstance(given, dict):
            return [_listed(item) for item in self._entries(given, what, True)]
        if isinstance(given, list | tuple) and len(given) == self.count:
            return [_listed(item) for item in given]
        raise ValueError(
            f"{what}: expected a list for each of {self.count} outputs, or a dict by output "
            f"({self.names}), received {given!r}"
        )

    def targets(self, y: Any, num_losses: int) -> list:
        """The target of each output as a tensor; None for an output without one.

        Raises:
            ValueError: Their number or names do not fit the outputs.
        """
        if y is None:
            return []
        if isinstance(y, dict) and self.names:
            entries = self._entries(y, "y", True)
            if self.count == 1:
                return data.to_inputs(entries[0], "y")
            return [None if v is None else data.to_tensor(v, "y") for v in entries]
        if isinstance(y, list | tuple) and any(item is None for item in y):
            flat = [None if v is None else data.to_tensor(v, "y") for v in y]
        else:
            flat = data.to_inputs(y, "y")
        if len(flat) != self.count:
            raise ValueError(
                f"expected {self.count} target{'s' * (self.count > 1)} (one an output), "
                f"received {len(flat)}"
            )
        return flat

    def weights(self, weight: Any) -> list:
        """The weights of each output's samples; one entry for all outputs alike."""
        if isinstance(weight, dict) and self.names:
            entries = self._entries(weight, "sample_weight", True)
            return [None if v is None else data.to_tensor(v, "sample_weight") for v in entries]
        if isinstance(weight, list | tuple) and any(item is None for item in weight):
            return [None if v is None else data.to_tensor(v, "sample_weight") for v in weight]
        return data.to_inputs(weight, "sample_weight")

    def partial_targets(self, y: Any, losses: list) -> Any:
        """Targets given only for the outputs with a loss, with None for the others."""
        kept = [i for i, loss in enumerate(losses) if loss is not None]
        if not isinstance(y, list | tuple) or len(y) == self.count or len(y) != len(kept):
            return y
        return [y[kept.index(i)] if i in kept else None for i in range(self.count)]


class ModelLayout(data.Layout):
    """Flat lists in the order of a model's inputs and outputs."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def inputs(self, x: Any) -> list:
        """The inputs."""
        return self.model._feed(x)

    def targets(self, y: Any) -> list:
        """The targets."""
        if data.nest_of(y):
            self.model._find_outputs()
        outputs = self.model._outputs()
        if outputs is None:
            return data.to_inputs(y, "y")
        losses = self.model._losses_given
        return outputs.targets(outputs.partial_targets(y, losses), len(losses))

    def weights(self, weight: Any) -> list:
        """The weights of samples."""
        outputs = self.model._outputs()
        if outputs is None:
            return data.to_inputs(weight, "sample_weight")
        return outputs.weights(weight)


def _listed(value: Any) -> list:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
