"""Attention layers of nacre and of real Keras 3: masks, causal attention, scores, wrappers."""

from __future__ import annotations

import os
import pathlib
import sys

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
keras = pytest.importorskip("keras", reason="keras is not installed (extra [parity])")
if keras.backend.backend() != "torch":
    pytest.skip("gradients are taken with KERAS_BACKEND=torch", allow_module_level=True)
torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")

import nacre  # noqa: E402

B, T, S, D = 3, 5, 7, 8


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def bools(*shape, seed=0):
    """A mask that shows query t key t: what one that sees nothing gives is tested on its own."""
    mask = np.random.default_rng(seed).random(shape) < 0.6
    mask[..., :T] |= np.eye(T, dtype=bool) if len(shape) > 2 else True
    return mask


def pair(name, arguments, inputs, spread):
    ours = getattr(nacre.layers, name)(**arguments)
    theirs = getattr(keras.layers, name)(**arguments)
    if spread:
        ours(*inputs)
        theirs(*[torch.tensor(x) for x in inputs])
    else:
        ours(inputs)
        theirs([torch.tensor(x) for x in inputs])
    rng = np.random.default_rng(1)
    weights = [rng.uniform(-1, 1, tuple(w.shape)).astype(np.float32) for w in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


def compare(ours, theirs, inputs, kwargs, spread=True, training=False):
    """Outputs, scores and all gradients."""
    mine = [nacre.ops.convert_to_tensor(x) for x in inputs]
    with nacre.GradientTape() as tape:
        tape.watch(mine)
        out = ours(*mine, training=training, **kwargs) if spread else ours(mine, **kwargs)
        out = out if isinstance(out, list | tuple) else [out]
        weight = numbers(*out[0].shape, seed=5)
        loss = nacre.ops.sum(out[0] * weight)
    gradients = tape.gradient(loss, [*ours.trainable_weights, *mine])

    yours = [torch.tensor(x, requires_grad=True) for x in inputs]
    tensors = {
        k: [m if m is None else torch.tensor(m) for m in v]
        if isinstance(v, list)
        else torch.tensor(v)
        if isinstance(v, np.ndarray)
        else v
        for k, v in kwargs.items()
    }
    their_out = theirs(*yours, training=training, **tensors) if spread else theirs(yours, **tensors)
    their_out = their_out if isinstance(their_out, list | tuple) else [their_out]
    sources = [v.value for v in theirs.trainable_weights] + yours
    expected = torch.autograd.grad(
        (their_out[0] * torch.tensor(weight)).sum(), sources, allow_unused=True
    )
    assert len(out) == len(their_out)
    for a, b in zip(out, their_out, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-5)
    for a, b in zip(gradients, expected, strict=True):
        if b is None:
            assert a is None or not a.numpy().any()
        else:
            scale = max(1.0, float(b.abs().max()))
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=3e-5 * scale)


PROJECTED = {
    "mha": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4}),
    "window": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "sliding_window": 2}),
    "dropout": ("MultiHeadAttention", {"num_heads": 2, "key_dim": 4, "dropout": 0.3}),
    "gqa": (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2},
    ),
    "gqa-window": (
        "GroupQueryAttention",
        {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2, "sliding_window": 3},
    ),
}
CALLS = {
    "plain": {},
    "causal": {"use_causal_mask": True},
    "scores": {"return_attention_scores": True},
    "causal-scores": {"return_attention_scores": True, "use_causal_mask": True},
    "mask": {"attention_mask": bools(B, T, S)},
    "mask-by-head": {"attention_mask": bools(B, 1, T, S)},
    "mask-causal": {"attention_mask": bools(B, T, S), "use_causal_mask": True},
    "mask-scores": {"attention_mask": bools(B, T, S), "return_attention_scores": True},
    "value-mask": {"value_mask": bools(B, S, seed=2)},
    "all-masks": {
        "value_mask": bools(B, S, seed=2),
        "attention_mask": bools(1, T, S, seed=3),
        "use_causal_mask": True,
    },
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("layer", PROJECTED)
def test_projected(layer, call):
    inputs = [numbers(B, T, D), numbers(B, S, D, seed=1)]
    ours, theirs = pair(*PROJECTED[layer], inputs, spread=True)
    compare(ours, theirs, inputs, CALLS[call])


@pytest.mark.parametrize("layer", PROJECTED)
def test_projected_with_a_key(layer):
    inputs = [numbers(B, T, D), numbers(B, S, D, seed=1), numbers(B, S, D, seed=2)]
    ours, theirs = pair(*PROJECTED[layer], inputs, spread=True)
    compare(ours, theirs, inputs, {"key_mask": bools(B, S, seed=4)})


def test_several_axes():
    inputs = [numbers(2, 3, 4, D), numbers(2, 5, 2, D, seed=1)]
    arguments = {"num_heads": 2, "key_dim": 4}
    ours, theirs = pair("MultiHeadAttention", arguments, inputs, spread=True)
    compare(ours, theirs, inputs, {"return_attention_scores": True})
    mask = np.random.default_rng(0).random((2, 1, 3, 4, 5, 2)) < 0.6
    mask[..., 0] = True
    compare(ours, theirs, inputs, {"attention_mask": mask, "return_attention_scores": True})
    inputs = [numbers(2, 3, 4, D), numbers(2, 3, 5, D, seed=1)]
    arguments["attention_axes"] = (2,)
    ours, theirs = pair("MultiHeadAttention", arguments, inputs, spread=True)
    compare(ours, theirs, inputs, {"return_attention_scores": True})


@pytest.mark.parametrize("layer", ["mha", "dropout", "gqa"])
def test_a_query_that_sees_nothing(layer):
    inputs = [numbers(B, T, D), numbers(B, S, D, seed=1)]
    ours, theirs = pair(*PROJECTED[layer], inputs, spread=True)
    mask = bools(B, T, S)
    mask[0, 1] = mask[2] = False
    mine = ours(*inputs, attention_mask=mask).numpy()
    expected = theirs(*[torch.tensor(x) for x in inputs], attention_mask=torch.tensor(mask))
    np.testing.assert_allclose(mine, expected.detach().numpy(), rtol=2e-5, atol=2e-5)


def test_masks_that_tensors_carry():
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [1, 1, 2, 4]])
    results = []
    for package, tensor in ((nacre, nacre.ops.convert_to_tensor), (keras, torch.tensor)):
        embedding = package.layers.Embedding(5, D, mask_zero=True)
        attention = package.layers.MultiHeadAttention(2, 4)
        x = embedding(tensor(ids))
        attention(x, x)
        rng = np.random.default_rng(0)
        for layer in (embedding, attention):
            shapes = [tuple(w.shape) for w in layer.weights]
            layer.set_weights([rng.uniform(-1, 1, shape) for shape in shapes])
        x = embedding(tensor(ids))
        y = attention(x, x)
        results.append((y, y._keras_mask))
    (mine, mask), (theirs, their_mask) = results
    np.testing.assert_allclose(mine.numpy(), theirs.detach().numpy(), rtol=2e-5, atol=2e-5)
    np.testing.assert_array_equal(mask.numpy(), their_mask.numpy())


PLAIN = {
    "dot": ("Attention", {}),
    "dot-scale": ("Attention", {"use_scale": True}),
    "concat": ("Attention", {"score_mode": "concat", "use_scale": True}),
    "additive": ("AdditiveAttention", {}),
    "additive-plain": ("AdditiveAttention", {"use_scale": False}),
}
PLAIN_CALLS = {
    "plain": {},
    "causal": {"use_causal_mask": True},
    "scores": {"return_attention_scores": True},
    "query-mask": {"mask": [bools(B, T), None]},
    "value-mask": {"mask": [None, bools(B, S)]},
    "all": {
        "mask": [bools(B, T), bools(B, S)],
        "use_causal_mask": True,
        "return_attention_scores": True,
    },
}


@pytest.mark.parametrize("call", PLAIN_CALLS)
@pytest.mark.parametrize("layer", PLAIN)
def test_plain(layer, call):
    inputs = [numbers(B, T, D), numbers(B, S, D, seed=1), numbers(B, S, D, seed=2)]
    ours, theirs = pair(*PLAIN[layer], inputs, spread=False)
    compare(ours, theirs, inputs, PLAIN_CALLS[call], spread=False)


@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_normalization(iterations):
    x = numbers(4, 6)
    results = []
    for package, tensor in ((nacre, nacre.ops.convert_to_tensor), (keras, torch.tensor)):
        dense = package.layers.Dense(3)
        layer = package.layers.SpectralNormalization(dense, power_iterations=iterations)
        layer(tensor(x))
        rng = np.random.default_rng(0)
        layer.set_weights([rng.uniform(-1, 1, tuple(w.shape)) for w in layer.weights])
        outputs = [layer(tensor(x), training=training) for training in (False, True, True, False)]
        names = [(w.name, tuple(w.shape)) for w in layer.weights]
        results.append((outputs, layer.get_weights(), names))
    (mine, weights, names), (theirs, their_weights, their_names) = results
    assert names == their_names
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(weights, their_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
