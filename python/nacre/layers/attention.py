"""Attention layers."""

from __future__ import annotations

from typing import Any

from nacre._native import native
from nacre.layers.arguments import BASE_ARGUMENTS
from nacre.layers.einsum_dense import EinsumDense
from nacre.layers.layer import Layer

_PROJECTED_CALL = (
    "query",
    "value",
    "key",
    "query_mask",
    "value_mask",
    "key_mask",
    "attention_mask",
    "return_attention_scores",
    "training",
    "use_causal_mask",
)


class _Projected(Layer):
    """What multi-head and grouped-query attention share."""

    _call_arguments = _PROJECTED_CALL
    _saved_names = {
        "query": "query_dense",
        "key": "key_dense",
        "value": "value_dense",
        "attention_output": "output_dense",
        "gate": "_gate_dense",
    }

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Makes the weights for inputs of these shapes (``None`` for unknown dimensions)."""
        shapes = [query_shape, value_shape, *([key_shape] if key_shape is not None else [])]
        super().build(shapes)

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        """The shape of the output for inputs of these shapes."""
        shapes = [query_shape, value_shape, *([key_shape] if key_shape is not None else [])]
        return super().compute_output_shape(shapes)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        config = super().get_config()
        config.pop("flash_attention", None)  # a matter of the machine
        return config

    @property
    def query_dense(self) -> Any:
        """The projection of queries."""
        return self._projections()["query"]

    @property
    def key_dense(self) -> Any:
        """The projection of keys."""
        return self._projections()["key"]

    @property
    def value_dense(self) -> Any:
        """The projection of values."""
        return self._projections()["value"]

    @property
    def output_dense(self) -> Any:
        """The projection of the heads' results."""
        return self._projections()["attention_output"]

    def _projections(self) -> dict[str, Any]:
        if not self.built:
            raise ValueError(f"{type(self).__name__} '{self.name}': not built yet")
        known = self.__dict__.get("_projected")
        if known is None:
            cores = self._native_core.sublayers
            known = {core.name: EinsumDense._in_front_of(core) for core in cores}
            object.__setattr__(self, "_projected", known)
        return known

    def _saved_children(self) -> dict[str, Any]:
        """The projections by the names under which Keras keeps them in files."""
        return {self._saved_names[name]: part for name, part in self._projections().items()}


@native
class MultiHeadAttention(_Projected):
    """Attention of several heads, each on projections of its own.

    Query, key and value are projected to heads; ``softmax(query key^T / sqrt(key_dim)) value`` of
    each head is projected to the output. The matrix of weights is made only where it is asked for.

    Call arguments:
        query: ``(batch, queries, features)``.
        value: ``(batch, keys, features)``.
        key: As ``value``; default: ``value``.
        query_mask, value_mask, key_mask: Bools ``(batch, length)``; default: the masks that the
            tensors carry.
        attention_mask: Bools, true where a query sees a key; broadcasts to ``(batch, heads,
            queries, keys)``, and ``(batch, queries, keys)`` holds for all heads.
        return_attention_scores: Whether the weights ``(batch, heads, queries, keys)`` are returned
            too.
        training: Whether dropout drops.
        use_causal_mask: Whether query ``i`` sees keys ``0`` to ``i`` only.

    Args:
        num_heads: Number of heads.
        key_dim: Size of a head's queries and keys.
        value_dim: Size of a head's values; default: ``key_dim``.
        dropout: Probability of dropping a weight in training.
        use_bias: Whether the projections have a bias.
        output_shape: Sizes of the output's last axes; default: the query's last one.
        attention_axes: Axes along which queries see keys; default: all but the first and last.
        sliding_window: Queries see keys less than this far away; default: all.
        flash_attention: Kept for Keras's signature; ``True`` refuses dropout and scores, as there.
        kernel_initializer: Initializer of the projections' kernels.
        bias_initializer: Initializer of the projections' biases.
        kernel_regularizer: Penalty of the kernels.
        bias_regularizer: Penalty of the biases.
        activity_regularizer: Penalty of the projections' outputs.
        kernel_constraint: Projection of the kernels after each update.
        bias_constraint: Projection of the biases after each update.
        use_gate: Whether the heads' outputs are multiplied by a sigmoid of a projected query.
        seed: Seed of dropout.

    Input shape:
        ``(batch, queries, features)`` and ``(batch, keys, features)``; with more axes between,
        attention runs along ``attention_axes``.

    Output shape:
        That of the query, with ``output_shape`` in place of its last axis.

    Raises:
        ValueError: A size is not positive, or shapes do not fit.

    Source: Vaswani et al. 2017, arXiv:1706.03762.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = nacre.ops.ones((3, 5, 8))
        >>> layer(x, x, use_causal_mask=True).shape
        (3, 5, 8)
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class GroupQueryAttention(_Projected):
    """Attention of several query heads, groups of which share a key and value head.

    Call arguments:
        query: ``(batch, queries, features)``.
        value: ``(batch, keys, features)``.
        key: As ``value``; default: ``value``.
        query_mask, value_mask, key_mask: Bools ``(batch, length)``; default: the masks that the
            tensors carry.
        attention_mask: Bools, true where a query sees a key; broadcasts to ``(batch, heads,
            queries, keys)``, and ``(batch, queries, keys)`` holds for all heads.
        return_attention_scores: Whether the weights ``(batch, heads, queries, keys)`` are returned
            too.
        training: Whether dropout drops.
        use_causal_mask: Whether query ``i`` sees keys ``0`` to ``i`` only.

    Args:
        head_dim: Size of a head.
        num_query_heads: Number of query heads.
        num_key_value_heads: Number of key and value heads, which divides ``num_query_heads``.
        dropout: Probability of dropping a weight in training.
        use_bias: Whether the projections have a bias.
        sliding_window: Queries see keys less than this far away; default: all.
        flash_attention: Kept for Keras's signature; ``True`` refuses dropout and scores, as there.
        kernel_initializer: Initializer of the projections' kernels.
        bias_initializer: Initializer of the projections' biases.
        kernel_regularizer: Penalty of the kernels.
        bias_regularizer: Penalty of the biases.
        activity_regularizer: Penalty of the projections' outputs.
        kernel_constraint: Projection of the kernels after each update.
        bias_constraint: Projection of the biases after each update.
        use_gate: Whether the heads' outputs are multiplied by a sigmoid of a projected query.
        seed: Seed of dropout.

    Input shape:
        ``(batch, queries, features)`` and ``(batch, keys, features)``

    Output shape:
        That of the query.

    Raises:
        ValueError: A size is not positive, or shapes do not fit.

    Source: Ainslie et al. 2023, arXiv:2305.13245.

    Example:
        >>> import nacre
        >>> layer = nacre.layers.GroupQueryAttention(4, num_query_heads=4, num_key_value_heads=2)
        >>> x = nacre.ops.ones((3, 5, 8))
        >>> layer(x, x, use_causal_mask=True).shape
        (3, 5, 8)
    """

    _saved_names = {
        "query": "_query_dense",
        "key": "_key_dense",
        "value": "_value_dense",
        "attention_output": "_output_dense",
        "gate": "_gate_dense",
    }

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


class _OfList(Layer):
    """What the layers without projections share: they are called on a list."""

    _call_arguments = ("inputs", "mask", "training", "return_attention_scores", "use_causal_mask")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs the layer on ``[query, value]`` or ``[query, value, key]``."""
        if not isinstance(inputs, list | tuple) or not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected a list [query, value] or "
                f"[query, value, key], received a {type(inputs).__name__}"
            )
        mask = args[0] if args else kwargs.get("mask")
        if mask is not None and (not isinstance(mask, list | tuple) or not 2 <= len(mask) <= 3):
            raise ValueError(
                f"{type(self).__name__} '{self.name}': expected mask to be a list [query_mask, "
                f"value_mask], received a {type(mask).__name__}"
            )
        return super().__call__(inputs, *args, **kwargs)


@native
class Attention(_OfList):
    """Dot-product attention: ``softmax(query key^T) value``.

    Call arguments:
        inputs: ``[query, value]`` or ``[query, value, key]``.
        mask: ``[query_mask, value_mask]``, bools ``(batch, length)`` or None: where the output is
            0, and which keys are hidden.
        training: Whether dropout drops.
        return_attention_scores: Whether the weights ``(batch, queries, keys)`` are returned too.
        use_causal_mask: Whether query ``i`` sees keys ``0`` to ``i`` only.

    Args:
        use_scale: Whether a learned number multiplies the scores.
        score_mode: ``"dot"``, or ``"concat"``: ``tanh(query + key)`` summed over the features.
        dropout: Probability of dropping a weight in training.
        seed: Seed of dropout.

    Input shape:
        ``(batch, queries, size)``, ``(batch, keys, value_size)`` and ``(batch, keys, size)``

    Output shape:
        ``(batch, queries, value_size)``

    Raises:
        ValueError: The inputs are no list, or shapes do not fit.

    Source: Luong et al. 2015, arXiv:1508.04025.

    Example:
        >>> import nacre
        >>> x = nacre.ops.ones((3, 5, 8))
        >>> nacre.layers.Attention()([x, x]).shape
        (3, 5, 8)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None: ...


@native
class AdditiveAttention(_OfList):
    """Additive attention: scores are ``scale * tanh(query + key)`` summed over the features.

    Call arguments:
        inputs: ``[query, value]`` or ``[query, value, key]``.
        mask: ``[query_mask, value_mask]``, bools ``(batch, length)`` or None: where the output is
            0, and which keys are hidden.
        training: Whether dropout drops.
        return_attention_scores: Whether the weights ``(batch, queries, keys)`` are returned too.
        use_causal_mask: Whether query ``i`` sees keys ``0`` to ``i`` only.

    Args:
        use_scale: Whether a learned vector multiplies the features.
        dropout: Probability of dropping a weight in training.

    Input shape:
        ``(batch, queries, size)``, ``(batch, keys, value_size)`` and ``(batch, keys, size)``

    Output shape:
        ``(batch, queries, value_size)``

    Raises:
        ValueError: The inputs are no list, or shapes do not fit.

    Source: Bahdanau et al. 2014, arXiv:1409.0473.

    Example:
        >>> import nacre
        >>> x = nacre.ops.ones((3, 5, 8))
        >>> nacre.layers.AdditiveAttention()([x, x]).shape
        (3, 5, 8)
    """

    _base_arguments = (*BASE_ARGUMENTS, "seed")

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None: ...

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "seed": self._core.get_field("seed")}
