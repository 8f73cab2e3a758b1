"""Model: a layer that is compiled, trained, evaluated and saved."""

from __future__ import annotations

from typing import Any

from nacre import tree
from nacre.layers.layer import Layer
from nacre.models.trainer import Trainer


class Model(Trainer, Layer):
    """A layer with a training loop.

    ``Model(inputs, outputs)`` is a model of the layers between them (see
    :class:`nacre.models.Functional`). Subclasses write ``__init__`` and ``call``, as for a layer,
    and inherit ``compile``, ``fit``, ``evaluate``, ``predict`` and ``save``; they may write
    ``train_step``, ``test_step``, ``predict_step``, ``compute_loss`` and ``compute_metrics`` too.

    Args:
        inputs: What ``Input`` returned, or a list, tuple or dict of it; only with ``outputs``.
        outputs: What layers made of the inputs, nested in the same ways.
        name: Name of the model.

    Example:
        >>> import nacre
        >>> class Net(nacre.Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.dense = nacre.layers.Dense(1)
        ...     def call(self, inputs):
        ...         return self.dense(inputs)
        >>> Net().predict(nacre.ops.ones((2, 3)), verbose=0).shape
        (2, 1)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model:
            from nacre.models.functional import Functional, draws_functional

            if draws_functional(args, kwargs):
                return Layer.__new__(Functional, *args, **kwargs)
        return Layer.__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from nacre.models.functional import Functional, become_functional, draws_functional

        if draws_functional(args, kwargs):
            become_functional(type(self))
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        Layer.__init__(self, *args, **kwargs)
        self._init_trainer()

    def build(self, input_shape: Any = None) -> None:
        """Makes the weights of the layers by a call with placeholders of this shape.

        Args:
            input_shape: Shape with the batch axis, or a list or dict of shapes.
        """
        if self._build_call is None or input_shape is None or type(self).call is Layer.call:
            return  # the first call of the model builds its layers
        from nacre.layers.arguments import shape_list
        from nacre.models.functional import Input

        inputs = [Input(batch_shape=shape) for shape in shape_list(input_shape)]
        if isinstance(input_shape, dict):
            self.call(dict(zip(input_shape, inputs, strict=True)))
        else:
            self.call(inputs[0] if len(inputs) == 1 else inputs)

    def __reduce__(self) -> tuple:
        from nacre._copying import reduced_model

        return reduced_model(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Any:
        """A model from what ``get_config`` returned.

        Args:
            config: The configuration.
            custom_objects: Classes and functions of the caller's own, by name.
        """
        from nacre.saving import CustomObjectScope

        if cls is Model and "input_layers" in config:
            from nacre.models.functional import Functional

            return Functional.from_config(config, custom_objects)
        with CustomObjectScope(custom_objects):
            return super().from_config(config)

    def _call_arguments_of(self, tensors: list) -> tuple:
        """The arguments of ``call`` for data of fit() and the like, nested as it was given."""
        from nacre.models import data

        nest = self.__dict__.get("_input_nest")
        if nest and len(tree.flatten(nest)) == len(tensors):
            return (data.nested_as(nest, iter(tensors)),)
        return super()._call_arguments_of(tensors)

    @property
    def layers(self) -> list[Layer]:
        """The layers of this model."""
        return self._layers

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or index; ValueError where there is none."""
        if (name is None) == (index is None):
            raise ValueError("get_layer: expected exactly one of name and index")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"get_layer: expected an index below {len(layers)}, received {index}"
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in layers]
        raise ValueError(f"get_layer: there is no layer '{name}'; the layers are {names}")

    def summary(
        self,
        line_length: int | None = None,
        positions: list | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
        flops: bool = False,
    ) -> None:
        """Prints a table of the layers, their output shapes and numbers of parameters.

        Args:
            line_length: Width of the table; default: fitting its content.
            positions: Kept for Keras's signature.
            print_fn: Called with the text instead of ``print``.
            expand_nested: Whether layers of nested models are listed.
            show_trainable: Whether a column says which layers are trained.
            layer_range: Names of the first and last layer to list.
            flops: Whether a column says how many floating-point operations a layer takes for one
                sample; unknown dimensions count as 1. The model must be built.
        """
        from nacre.utils.summary import summary_text

        text = summary_text(
            self, line_length, expand_nested, show_trainable, layer_range, flops=flops
        )
        if print_fn is None:
            print(text, end="")
        else:
            print_fn(text)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Writes architecture, weights, compilation and optimizer state to one file, atomically.

        Args:
            filepath: Path that ends in ``.nacre`` (or ``.safetensors``).
            overwrite: Whether an existing file is replaced; else FileExistsError.
        """
        from nacre.saving import save_model

        save_model(self, filepath, overwrite=overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Writes the weights alone, for a model built the same way."""
        from nacre.saving import save_weights

        save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Reads what ``save_weights`` or ``save`` wrote; nothing is changed if it does not fit."""
        from nacre.saving import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON; ``nacre.models.model_from_json`` reads it."""
        import json

        from nacre.saving import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)


def model_from_json(json_string: str, custom_objects: dict | None = None) -> Any:
    """A model from what ``to_json`` wrote: its architecture, with new weights.

    Args:
        json_string: The text.
        custom_objects: Classes and functions of the caller's own, by name.

    Raises:
        ValueError: The text is no configuration of a model.

    Example:
        >>> import nacre
        >>> model = nacre.Sequential([nacre.Input((3,)), nacre.layers.Dense(2)])
        >>> nacre.models.model_from_json(model.to_json()).output_shape
        (None, 2)
    """
    import json

    from nacre.saving import deserialize_keras_object

    model = deserialize_keras_object(json.loads(json_string), custom_objects=custom_objects)
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: expected a model, received a {type(model).__name__}")
    return model
