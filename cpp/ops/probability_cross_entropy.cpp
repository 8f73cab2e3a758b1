// Cross-entropy of class ids and probabilities, which are rescaled to sum to 1 and kept from 0 and
// 1 by epsilon; by itself, and with the softmax that made them.
#include <algorithm>
#include <cmath>

#include "kernels/abi.h"
#include "nacre/ops/nn.h"
#include "ops/cross_entropy.h"
#include "ops/registry.h"

namespace nacre {
namespace {

using kernels::table;

// The probability of the label, rescaled, and the sum of its row.
template <class T>
struct LabelShare {
  T share, sum;
};
template <class T>
LabelShare<T> label_share(const T* row, int32_t label, int64_t cols) {
  T sum = 0;
  if constexpr (std::is_same_v<T, float>) {
    table().reduce[static_cast<int>(kernels::Reduce::kSum)](row, &sum, 0, 1, cols, 1);
  } else {
    for (int64_t i = 0; i < cols; ++i) sum += row[i];
  }
  return {row[label] / sum, sum};
}

// numpy.clip: NaN stays.
template <class T>
T limited(T x) {
  const T low = static_cast<T>(epsilon()), high = static_cast<T>(1 - epsilon());
  return x < low ? low : x > high ? high : x;
}

// f(labels, T*) with the checked labels, for float32 and float64.
template <class F>
void with_labels(const KernelContext& c, F f) {
  const int64_t cols = c.in[1].shape().back();
  const int32_t* labels =
      checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
  if (c.in[1].dtype() == DType::kFloat64) {
    f(labels, cols, double{});
  } else {
    f(labels, cols, float{});
  }
}

// The losses of rows [begin, end).
template <class T>
void losses_of(const T* p, const int32_t* labels, T* loss, int64_t begin, int64_t end,
               int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    loss[r] = limited(label_share(p + r * cols, labels[r], cols).share);
  }
  if constexpr (std::is_same_v<T, float>) {
    const auto log = table().unary[static_cast<int>(kernels::Unary::kLog)];
    log(loss + begin, loss + begin, end - begin);
  } else {
    for (int64_t r = begin; r < end; ++r) loss[r] = std::log(loss[r]);
  }
  for (int64_t r = begin; r < end; ++r) loss[r] = -loss[r];
}

void fill_row(double* row, double value, int64_t n) {
  std::fill(row, row + n, value);
}
void fill_row(float* row, float value, int64_t n) {
  if (n < 128) {
    std::fill(row, row + n, value);
  } else {
    // The larger of a number and itself: a kernel that stores whole vectors.
    table().binary[static_cast<int>(kernels::Binary::kMaximum)](&value, &value, row, n, 0, 0);
  }
}

// Their gradients with respect to the probabilities.
template <class T>
void gradients_of(const T* p, const int32_t* labels, const T* g, T* dp, int64_t begin, int64_t end,
                  int64_t cols) {
  for (int64_t r = begin; r < end; ++r) {
    const auto [share, sum] = label_share(p + r * cols, labels[r], cols);
    const T kept = limited(share);
    // At the limits the gradient still flows, as it does through clip.
    const T slope = kept == share ? -g[r] / kept / sum : T(0), others = -(slope * share);
    T* row = dp + r * cols;
    fill_row(row, others, cols);
    row[labels[r]] += slope;
  }
}

Tensor probability_loss(const Tensor& labels, const Tensor& p) {
  return apply_one(find_op("negative_at_label"), {labels, log_probabilities(p, false, -1)});
}

void add_loss(OpRegistry& registry) {
  OpDef def;
  def.name = "sparse_probability_cross_entropy";
  def.params = "labels, probabilities";
  def.doc = "-log(p[label] / sum(p)) over the last axis, for p in float32 or float64.";
  def.infer = infer_loss;
  def.workspace = label_workspace;
  def.kernel = [](const KernelContext& c) {
    with_labels(c, [&]<class T>(const int32_t* labels, int64_t cols, T) {
      const T* p = c.in[1].as<const T>();
      T* loss = c.out[0].as<T>();
      parallel_for(c.out[0].size(), row_grain(cols), [&](int64_t begin, int64_t end) {
        losses_of(p, labels, loss, begin, end, cols);
      });
    });
  };
  def.backward = [](const BackwardContext& c) {
    return Tensors{Tensor(), apply_one(find_op("sparse_probability_cross_entropy_grad"),
                                       {c.inputs[0], c.inputs[1], c.grads[0]})};
  };
  def.composite = [](std::span<const Tensor> in, const Attrs*) {
    return Tensors{probability_loss(in[0], in[1])};
  };
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "sparse_probability_cross_entropy_grad";
  grad.params = "labels, probabilities, grad";
  grad.doc = "The gradient of sparse_probability_cross_entropy with respect to the probabilities.";
  grad.infer = [](const InferContext& c) {
    infer_loss(c);
    return std::vector<TensorSpec>{c.inputs[1].spec()};
  };
  grad.workspace = label_workspace;
  grad.kernel = [](const KernelContext& c) {
    with_labels(c, [&]<class T>(const int32_t* labels, int64_t cols, T) {
      const T* p = c.in[1].as<const T>();
      const T* g = c.in[2].as<const T>();
      T* dp = c.out[0].as<T>();
      parallel_for(c.in[0].size(), row_grain(cols), [&](int64_t begin, int64_t end) {
        gradients_of(p, labels, g, dp, begin, end, cols);
      });
    });
  };
  grad.composite = [](std::span<const Tensor> in, const Attrs*) {
    const Tensor& p = in[1];
    const Tensor sum = ops::sum(p, IntList{-1}, true);
    const Tensor q = p / sum;
    const Tensor inside = ops::logical_and(ops::greater_equal(q, ops::scalar(epsilon())),
                                           ops::less_equal(q, ops::scalar(1 - epsilon())));
    const Tensor weight = one_hot_like(in[0], p) * ops::expand_dims(in[2], -1);
    const Tensor kept = ops::clip(q, epsilon(), 1 - epsilon());
    const Tensor dq = ops::where(inside, -(weight / kept), ops::scalar(0)) / sum;
    return Tensors{dq - ops::sum(dq * q, IntList{-1}, true)};
  };
  grad.internal = true;
  registry.add(std::move(grad));
}

// Rows that are worked on while they stay in a cache, of `cols` elements each.
int64_t cached_rows(int64_t cols) {
  return std::max<int64_t>(1, 4096 / cols);
}

void add_with_softmax(OpRegistry& registry) {
  OpDef def;
  def.name = "softmax_and_cross_entropy";
  def.params = "labels, logits";
  def.doc =
      "softmax of float32 logits over the last axis and its sparse_probability_cross_entropy; made "
      "by a graph pass.";
  def.infer = [](const InferContext& c) {
    std::vector<TensorSpec> specs = infer_loss(c);
    specs.insert(specs.begin(), c.inputs[1].spec());
    return specs;
  };
  def.workspace = label_workspace;
  def.kernel = [](const KernelContext& c) {
    const int64_t cols = c.in[1].shape().back(), rows = c.in[0].size();
    const int32_t* labels =
        checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
    const float* x = c.in[1].as<const float>();
    float *p = c.out[0].as<float>(), *loss = c.out[1].as<float>();
    const int64_t block = cached_rows(cols);
    parallel_for(rows, row_grain(cols), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; r += block) {
        const int64_t stop = std::min(r + block, end);
        table().softmax(x, p, r, stop, cols);
        losses_of(p, labels, loss, r, stop, cols);
      }
    });
  };
  def.differentiable = false;
  def.internal = true;
  registry.add(std::move(def));

  OpDef grad;
  grad.name = "softmax_and_cross_entropy_grad";
  grad.params = "labels, probabilities, grad";
  grad.doc =
      "The gradient of softmax_and_cross_entropy's loss with respect to the logits, from float32 "
      "probabilities; made by a graph pass.";
  grad.infer = [](const InferContext& c) {
    infer_loss(c);
    return std::vector<TensorSpec>{c.inputs[1].spec()};
  };
  grad.workspace = label_workspace;
  grad.kernel = [](const KernelContext& c) {
    const int64_t cols = c.in[1].shape().back(), rows = c.in[0].size();
    const int32_t* labels =
        checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
    const float *p = c.in[1].as<const float>(), *g = c.in[2].as<const float>();
    float* dx = c.out[0].as<float>();
    const int64_t block = cached_rows(cols);
    parallel_for(rows, row_grain(cols), [&](int64_t begin, int64_t end) {
      // Beside the result: in its place, short rows would wait for the stores of those before.
      auto* dp = static_cast<float*>(thread_scratch(static_cast<size_t>(block * cols) * 4, 3));
      for (int64_t r = begin; r < end; r += block) {
        const int64_t count = std::min(block, end - r);
        const float* rows_of_p = p + r * cols;
        gradients_of(rows_of_p, labels + r, g + r, dp, 0, count, cols);
        table().softmax_grad(rows_of_p, dp, dx + r * cols, 0, count, cols);
      }
    });
  };
  grad.differentiable = false;
  grad.internal = true;
  registry.add(std::move(grad));
}

}  // namespace

void register_probability_cross_entropy(OpRegistry& registry) {
  add_loss(registry);
  add_with_softmax(registry);
}

}  // namespace nacre
