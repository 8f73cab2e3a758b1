"""Convolutions of nacre and of PyTorch: values, gradients and second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra [parity])")

import nacre  # noqa: E402

CASES = 24


def draw(seed):
    """A convolution over one to three axes: sizes, steps, groups; both may be above one."""
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    kernel = [int(n) for n in rng.integers(1, 4, axes)]
    dilation = [int(n) for n in rng.integers(1, 4, axes)]
    strides = [int(n) for n in rng.integers(1, 4, axes)]
    padding = str(rng.choice(["valid", "same"]))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    sizes = [int(rng.integers(span, span + 6)) for span in spans]
    kind = str(rng.choice(["plain", "groups", "depthwise", "multiplier"]))
    groups = {"plain": 1, "groups": 2}.get(kind, 4)
    channels = 4 if kind != "plain" else int(rng.integers(1, 5))
    filters = {"plain": 3, "groups": 6, "depthwise": 4, "multiplier": 12}[kind]
    x = rng.standard_normal((2, *sizes, channels)).astype("float32")
    w = rng.standard_normal((*kernel, channels // groups, filters)).astype("float32")
    return x, w, strides, dilation, padding, groups, kind


def torch_conv(x, w, strides, dilation, padding, groups):
    """The same; padding is done here, since torch pads both ends alike."""
    axes = w.ndim - 2
    x, w = x.movedim(-1, 1), w.permute(axes + 1, axes, *range(axes))
    if padding == "same":
        pads = []
        for size, k, s, d in zip(x.shape[2:], w.shape[2:], strides, dilation, strict=True):
            total = max(0, (-(-size // s) - 1) * s + (k - 1) * d + 1 - size)
            pads = [total // 2, total - total // 2, *pads]
        x = torch.nn.functional.pad(x, pads)
    conv = getattr(torch.nn.functional, f"conv{axes}d")
    return conv(x, w, stride=strides, dilation=dilation, groups=groups).movedim(1, -1)


@pytest.mark.parametrize("seed", range(CASES))
def test_gradients_of_any_order(seed):
    x, w, strides, dilation, padding, groups, kind = draw(seed)
    kwargs = {"strides": strides, "dilation_rate": dilation, "padding": padding}
    a, b = nacre.ops.convert_to_tensor(x), nacre.ops.convert_to_tensor(w)
    with nacre.GradientTape(persistent=True) as outer:
        outer.watch([a, b])
        with nacre.GradientTape() as inner:
            inner.watch([a, b])
            if kind in ("depthwise", "multiplier"):
                y = nacre.ops.depthwise_conv(
                    a, nacre.ops.reshape(b, (*w.shape[:-2], 4, -1)), **kwargs
                )
            else:
                y = nacre.ops.conv(a, b, **kwargs)
            loss = nacre.ops.sum(nacre.ops.tanh(y))
        first = inner.gradient(loss, [a, b])
        bent = nacre.ops.sum(nacre.ops.square(first[0])) + nacre.ops.sum(nacre.ops.square(first[1]))
    second = outer.gradient(bent, [a, b])

    tx, tw = (torch.tensor(v, requires_grad=True) for v in (x, w))
    ty = torch_conv(tx, tw, strides, dilation, padding, groups)
    their_first = torch.autograd.grad(ty.tanh().sum(), [tx, tw], create_graph=True)
    their_bent = sum(g.square().sum() for g in their_first)
    their_second = torch.autograd.grad(their_bent, [tx, tw])
    close(y, ty)
    for ours, theirs in zip([*first, *second], [*their_first, *their_second], strict=True):
        close(ours, theirs)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    assert tuple(ours.shape) == theirs.shape
    scale = max(1.0, float(np.abs(theirs).max(initial=0)))
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-4, atol=2e-5 * scale)


@pytest.mark.parametrize("seed", range(CASES))
def test_transposed(seed):
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    kernel = [int(n) for n in rng.integers(1, 5, axes)]
    strides = [int(n) for n in rng.integers(1, 4, axes)]
    dilation = [int(n) for n in rng.integers(1, 3, axes)]
    x = rng.standard_normal((2, *(int(n) for n in rng.integers(1, 6, axes)), 3)).astype("float32")
    w = rng.standard_normal((*kernel, 2, 3)).astype("float32")
    extra = [int(rng.integers(0, max(s, d))) for s, d in zip(strides, dilation, strict=True)]
    a, b = nacre.ops.convert_to_tensor(x), nacre.ops.convert_to_tensor(w)
    with nacre.GradientTape() as tape:
        tape.watch([a, b])
        y = nacre.ops.conv_transpose(
            a, b, strides=strides, dilation_rate=dilation, output_padding=extra
        )
        loss = nacre.ops.sum(nacre.ops.tanh(y))
    tx, tw = (torch.tensor(v, requires_grad=True) for v in (x, w))
    conv = getattr(torch.nn.functional, f"conv_transpose{axes}d")
    ty = conv(
        tx.movedim(-1, 1),
        tw.permute(axes + 1, axes, *range(axes)),
        stride=strides,
        dilation=dilation,
        output_padding=extra,
    ).movedim(1, -1)
    close(y, ty)
    theirs = torch.autograd.grad(ty.tanh().sum(), [tx, tw])
    for ours, their in zip(tape.gradient(loss, [a, b]), theirs, strict=True):
        close(ours, their)
