"""Sequential: layers applied one after the other."""

from __future__ import annotations

from typing import Any

from nacre import _core
from nacre.layers.layer import Layer
from nacre.models.model import Model
from nacre.models.outputs import Outputs


class Sequential(Model):
    """A plain stack of layers, each with one input and one output.

    Args:
        layers: The layers, in order; an ``Input`` at the front builds the model at once.
        trainable: Whether training updates the weights.
        name: Name of the model.

    Example:
        >>> import nacre
        >>> model = nacre.Sequential([nacre.Input((4,)), nacre.layers.Dense(2)])
        >>> model.output_shape
        (None, 2)
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        config: dict[str, Any] = {"trainable": trainable}
        if name is not None:
            config["name"] = name
        core = _core.make("models", "Sequential", config)
        object.__setattr__(self, "_core", core)
        _core.set_front(core, self)
        object.__setattr__(self, "_native_core", core)
        object.__setattr__(self, "_arguments", {})
        object.__setattr__(self, "_calls", [])
        object.__setattr__(self, "_owned", {})
        object.__setattr__(self, "_list", [])
        self._init_trainer()
        for layer in layers or ():
            self.add(layer)

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer.

        Args:
            layer: A layer, or what ``Input`` returned.
            rebuild: Kept for Keras's signature.

        Raises:
            TypeError: It is no layer.
            ValueError: Its name is taken, or it does not fit the layers before it.
        """
        if isinstance(layer, _core.Tensor):
            layer = _input_layer(layer)
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential '{self.name}': expected a layer, received {layer!r} "
                f"of type {type(layer).__name__}"
            )
        hint = layer.__dict__.get("_input_shape_argument")
        if hint is not None and not self._list:
            from nacre.layers.core import InputLayer

            self.add(InputLayer(shape=hint))
        self._core.add(layer._core)
        self._list.append(layer)
        self._forget_plans()

    def pop(self, rebuild: bool = True) -> Layer:
        """Removes and returns the last layer."""
        self._core.pop()
        self._forget_plans()
        return self._list.pop()

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input's."""
        return [layer for layer in self._list if not isinstance(layer._core, _core.InputLayer)]

    @property
    def _layers(self) -> list[Layer]:
        return list(self._list)

    def build(self, input_shape: Any = None) -> None:
        """Builds every layer for inputs of this shape, batch axis first."""
        if input_shape is not None:
            self._core.ensure_built([tuple(input_shape)])

    def _outputs(self) -> Outputs:
        return Outputs(None, [self._list[-1].name] if self._list else None)

    def _input_specs(self) -> list[tuple]:
        if self._list and isinstance(self._list[0]._core, _core.InputLayer):
            first = self._list[0]._core
            return [(first.batch_shape, first.dtype)]
        shape = self._core.get_field("build_input_shape")
        if shape is None:
            raise ValueError(f"Sequential '{self.name}': the model has not been built yet")
        return [(tuple(shape), self.compute_dtype)]

    @property
    def inputs(self) -> list:
        """The placeholder at the model's beginning, in a list; built models only."""
        self._input_specs()
        return self._core.inputs

    @property
    def outputs(self) -> list:
        """The placeholder at the model's end, in a list; built models only."""
        self._input_specs()
        return self._core.outputs

    @property
    def input(self) -> Any:
        """The placeholder at the model's beginning."""
        return self.inputs[0]

    @property
    def output(self) -> Any:
        """The placeholder at the model's end: models are cut from this one with it."""
        return self.outputs[0]

    @property
    def input_shape(self) -> tuple:
        """The shape of the input, batch axis first."""
        return self._input_specs()[0][0]

    @property
    def output_shape(self) -> tuple:
        """The shape of the output, batch axis first."""
        return self._core.output_spec(self._input_specs())[0][0]

    def get_config(self) -> dict[str, Any]:
        """Name, layers and the shape it was built for."""
        from nacre.saving import serialize_keras_object

        config: dict[str, Any] = self._base_config()
        config["layers"] = [serialize_keras_object(layer) for layer in self._list]
        shape = self._core.get_field("build_input_shape")
        if shape is not None:
            config["build_input_shape"] = list(shape)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Sequential:
        """A model from what ``get_config`` returned."""
        from nacre.saving import deserialize_keras_object

        model = cls(name=config.get("name"), trainable=config.get("trainable", True))
        for item in config["layers"]:
            model.add(deserialize_keras_object(item, custom_objects=custom_objects))
        shape = config.get("build_input_shape")
        if shape and not model.built:
            model.build(tuple(shape))
        return model


def _input_layer(tensor: Any) -> Layer:
    """The layer that Input() made for a placeholder."""
    origin = _core.origin(tensor)
    if origin is None or not isinstance(origin[0], _core.InputLayer):
        raise TypeError("Sequential: expected a layer or the result of Input(), received a tensor")
    return _core.front(origin[0])
