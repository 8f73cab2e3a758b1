// What a product or a convolution may do to its result before it is stored: + bias, + residual,
// ReLU, ReLU's gradient mask, in this order. Kernels do it for float32 (kernels/abi.h); this is the
// reference for every dtype, and the derivative.
#pragma once

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/loop.h"

namespace nacre {

// Optional inputs `first`, first + 1 and first + 2 of an op: bias, residual, mask.
struct EpilogueInputs {
  size_t first;
  bool relu;

  template <class T, class Inputs>
  static T* data(const Inputs& in, size_t i) {
    return i < in.size() && in[i] ? in[i].template as<T>() : nullptr;
  }

  template <class T>
  void apply(std::span<const Buffer> in, const Buffer& out) const {
    const T* bias = data<const T>(in, first);
    const T* residual = data<const T>(in, first + 1);
    const T* mask = data<const T>(in, first + 2);
    if (!bias && !residual && !mask && !relu) return;
    T* y = out.as<T>();
    const int64_t cols = std::max<int64_t>(1, out.shape().rank() ? out.shape().back() : 1);
    for (int64_t i = 0; i < out.size(); ++i) {
      T v = y[i];
      if (bias) v = static_cast<T>(v + bias[i % cols]);
      if (residual) v = static_cast<T>(v + residual[i]);
      if (relu && v < T(0)) v = T(0);
      y[i] = mask && !(mask[i] > T(0)) ? T(0) : v;
    }
  }

  // The operands as the kernels for bfloat16 take them.
  kernels::Bf16Epilogue bf16(std::span<const Buffer> in) const {
    return {data<const uint16_t>(in, first), data<const uint16_t>(in, first + 1),
            data<const uint16_t>(in, first + 2), relu};
  }
  // The same as apply() for bfloat16.
  void apply_bf16(std::span<const Buffer> in, const Buffer& out) const {
    const kernels::Bf16Epilogue epilogue = bf16(in);
    if (!epilogue || out.size() == 0) return;
    const int64_t cols = std::max<int64_t>(1, out.shape().rank() ? out.shape().back() : 1);
    parallel_for(out.size() / cols, std::max<int64_t>(1, kElementwiseGrain / cols),
                 [&](int64_t begin, int64_t end) {
                   kernels::table().bf16_epilogue(epilogue, out.as<uint16_t>(), begin, end, cols);
                 });
  }

  // The gradient before the epilogue; those of bias and residual go to their places in `grads`.
  Tensor backward(const BackwardContext& c, Tensors& grads) const {
    const auto given = [&](size_t i) { return i < c.inputs.size() && c.inputs[i].defined(); };
    Tensor g = c.grads[0];
    if (given(first + 2)) g = ops::relu_grad(g, c.inputs[first + 2]);
    if (relu) g = ops::relu_grad(g, c.outputs[0]);
    if (given(first) && c.needs[first]) {
      grads[first] = ops::reduce_to_shape(g, c.inputs[first].shape());
    }
    if (given(first + 1) && c.needs[first + 1]) grads[first + 1] = g;
    return g;
  }
};

}  // namespace nacre
