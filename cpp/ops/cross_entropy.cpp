// Cross-entropy losses per sample, from probabilities and from logits.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "kernels/abi.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "ops/cross_entropy.h"
#include "ops/reference/rows.h"
#include "ops/registry.h"
#include "ops/rows.h"

namespace nacre {

bool fits(const Shape& a, const Shape& b) {
  if (a.rank() != b.rank()) return false;
  for (int i = 0; i < a.rank(); ++i) {
    if (a[i] != b[i] && a[i] != kUnknownDim && b[i] != kUnknownDim) return false;
  }
  return true;
}

Tensor log_probabilities(const Tensor& output, bool from_logits, int64_t axis) {
  if (from_logits) return ops::log_softmax(output, {axis});
  const Tensor p = output / ops::sum(output, IntList{axis}, true);
  return ops::log(ops::clip(p, epsilon(), 1 - epsilon()));
}

const int32_t* checked_labels(const char* op, const Buffer& labels, int64_t classes,
                              void* workspace) {
  const int64_t n = labels.size();
  int32_t* out = static_cast<int32_t*>(workspace);
  dispatch(labels.dtype(), [&]<class T>(type_tag<T>) {
    const T* in = labels.as<const T>();
    for (int64_t i = 0; i < n; ++i) {
      const double id = static_cast<double>(in[i]);
      if (!(id >= 0 && id < static_cast<double>(classes))) {
        value_error(op, ": expected class ids from 0 to ", classes - 1, ", received ", id,
                    " at position ", i, " of the labels ", labels.shape());
      }
      out[i] = static_cast<int32_t>(id);
    }
  });
  return out;
}

size_t label_workspace(const Attrs*, std::span<const Buffer> in, std::span<const Buffer>) {
  return static_cast<size_t>(in[0].size()) * sizeof(int32_t);
}

std::vector<TensorSpec> infer_loss(const InferContext& c) {
  Shape rows = c.shape(1);
  if (rows.rank() < 1) value_error(c.op, ": expected logits of rank 1 or more, received ()");
  rows.erase(rows.rank() - 1);
  if (!fits(c.shape(0), rows)) {
    value_error(c.op, ": expected labels of shape ", rows, ", received ", c.shape(0),
                " (logits: ", c.shape(1), ")");
  }
  if (!is_floating(c.dtype(1))) {
    type_error(c.op, ": expected floating logits, received ", c.dtype(1));
  }
  return {{c.dtype(1), rows}};
}

Tensor one_hot_like(const Tensor& labels, const Tensor& logits) {
  const int64_t classes = logits.shape().back();
  Tensor ids(TensorSpec{DType::kInt32, {classes}});
  for (int64_t i = 0; i < classes; ++i) ids.mutable_data<int32_t>()[i] = static_cast<int32_t>(i);
  const Tensor hit = ops::equal(ops::expand_dims(ops::cast(labels, DType::kInt32), -1), ids);
  return ops::cast(hit, logits.dtype());
}

namespace {

using kernels::table;

struct CategoricalAttrs : AttrsOf<CategoricalAttrs> {
  bool from_logits = false;
  int64_t axis = -1;
  NACRE_ATTRS(from_logits, axis)
};
struct BinaryAttrs : AttrsOf<BinaryAttrs> {
  bool from_logits = false;
  NACRE_ATTRS(from_logits)
};

// Brings target and output to the output's floating dtype (Keras computes in it).
void to_floating(Tensor& target, Tensor& output) {
  if (!is_floating(output.dtype())) output = ops::cast(output, floatx());
  if (target.dtype() != output.dtype()) target = ops::cast(target, output.dtype());
}

void require_same_shape(const char* op, const Tensor& target, const Tensor& output) {
  if (!fits(target.shape(), output.shape())) {
    value_error(op,
                ": expected target and output of the same shape, received target: ", target.shape(),
                ", output: ", output.shape());
  }
}

Tensors categorical_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const CategoricalAttrs&>(*attrs);
  Tensor target = in[0], output = in[1];
  require_same_shape("categorical_crossentropy", target, output);
  if (output.rank() < 1) {
    value_error("categorical_crossentropy: expected output of rank 1 or more, received ()");
  }
  const int axis = normalize_axis(a.axis, output.rank(), "categorical_crossentropy");
  to_floating(target, output);
  return {-ops::sum(target * log_probabilities(output, a.from_logits, axis), IntList{axis})};
}

Tensors binary_composite(std::span<const Tensor> in, const Attrs* attrs) {
  Tensor target = in[0], output = in[1];
  require_same_shape("binary_crossentropy", target, output);
  to_floating(target, output);
  if (static_cast<const BinaryAttrs&>(*attrs).from_logits) {
    return {-(target * ops::log_sigmoid(output) + (1.0 - target) * ops::log_sigmoid(-output))};
  }
  const Tensor p = ops::clip(output, epsilon(), 1 - epsilon());
  return {-(target * ops::log(p) + (1.0 - target) * ops::log(1.0 - p))};
}

Tensors sparse_categorical_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const CategoricalAttrs&>(*attrs);
  constexpr const char* op = "sparse_categorical_crossentropy";
  Tensor target = in[0], output = in[1];
  if (output.rank() < 1) value_error(op, ": expected output of rank 1 or more, received ()");
  if (!is_floating(output.dtype())) output = ops::cast(output, floatx());
  // Floating ids stay so: a cast would make a class of NaN.
  if (target.dtype() == DType::kBool) target = ops::cast(target, DType::kInt32);
  if (target.rank() == output.rank() && target.shape().back() == 1) {
    target = ops::squeeze(target, IntList{-1});
  }
  const int last = output.rank() - 1;
  const int axis = normalize_axis(a.axis, output.rank(), op);
  if (axis != last) {
    IntList order;
    for (int i = 0; i <= last; ++i) {
      if (i != axis) order.push_back(i);
    }
    order.push_back(axis);
    output = ops::transpose(output, order);
  }
  Shape expected = output.shape();
  expected.erase(last);
  if (!fits(target.shape(), expected)) {
    value_error(op, ": expected target of shape ", expected, ", received ", in[0].shape(),
                " (output: ", in[1].shape(), ", axis=", a.axis, ")");
  }
  // Of logits, softmax and logarithm are fused.
  if (a.from_logits) return {ops::sparse_softmax_cross_entropy(target, output)};
  if (output.dtype() == DType::kFloat32 || output.dtype() == DType::kFloat64) {
    return {apply_one(find_op("sparse_probability_cross_entropy"), {target, output})};
  }
  const Tensor log_p = log_probabilities(output, false, last);
  return {apply_one(find_op("negative_at_label"), {target, log_p})};
}

void add_fused(OpRegistry& registry) {
  OpDef def;
  def.name = "sparse_softmax_cross_entropy";
  def.params = "labels, logits";
  def.doc = "logsumexp(logits) - logits[label] over the last axis.";
  def.infer = infer_loss;
  def.workspace = label_workspace;
  def.kernel = [](const KernelContext& c) {
    const int64_t cols = c.in[1].shape().back();
    const int32_t* labels =
        checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
    dispatch_floating(c.in[1].dtype(), [&]<class T>(type_tag<T>) {
      const T* x = c.in[1].as<const T>();
      T* loss = c.out[0].as<T>();
      parallel_for(c.out[0].size(), row_grain(cols), [&](int64_t begin, int64_t end) {
        if constexpr (std::is_same_v<T, float>) {
          if (const auto fn = table().sparse_cross_entropy) {
            return fn(x, labels, loss, begin, end, cols);
          }
        }
        reference::ref_sparse_cross_entropy(x, labels, loss, begin, end, cols);
      });
    });
  };
  def.backward = [](const BackwardContext& c) {
    return Tensors{Tensor(), apply_one(find_op("sparse_softmax_cross_entropy_grad"),
                                       {c.inputs[0], c.inputs[1], c.grads[0]})};
  };
  def.composite = [](std::span<const Tensor> in, const Attrs*) {
    const Tensor log_p = ops::log_softmax(in[1]);
    return Tensors{-ops::sum(one_hot_like(in[0], in[1]) * log_p, IntList{-1})};
  };
  def.internal = true;
  registry.add(std::move(def));
}

void add_fused_grad(OpRegistry& registry) {
  OpDef def;
  def.name = "sparse_softmax_cross_entropy_grad";
  def.params = "labels, logits, grad";
  def.doc = "(softmax(logits) - one_hot(labels)) * grad.";
  def.infer = [](const InferContext& c) {
    infer_loss(c);
    return std::vector<TensorSpec>{c.inputs[1].spec()};
  };
  def.workspace = label_workspace;
  def.kernel = [](const KernelContext& c) {
    const int64_t cols = c.in[1].shape().back();
    const int32_t* labels =
        checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
    dispatch_floating(c.in[1].dtype(), [&]<class T>(type_tag<T>) {
      const T* x = c.in[1].as<const T>();
      const T* g = c.in[2].as<const T>();
      T* dx = c.out[0].as<T>();
      parallel_for(c.in[0].size(), row_grain(cols), [&](int64_t begin, int64_t end) {
        if constexpr (std::is_same_v<T, float>) {
          if (const auto fn = table().sparse_cross_entropy_grad) {
            return fn(x, labels, g, dx, begin, end, cols);
          }
        }
        reference::ref_sparse_cross_entropy_grad(x, labels, g, dx, begin, end, cols);
      });
    });
  };
  def.composite = [](std::span<const Tensor> in, const Attrs*) {
    return Tensors{(ops::softmax(in[1]) - one_hot_like(in[0], in[1])) *
                   ops::expand_dims(in[2], -1)};
  };
  def.internal = true;
  registry.add(std::move(def));
}

// -x[row, label] and its gradient.
void add_at_label(OpRegistry& registry) {
  OpDef def;
  def.name = "negative_at_label";
  def.params = "labels, x";
  def.doc = "-x at the label, over the last axis.";
  def.infer = infer_loss;
  def.workspace = label_workspace;
  def.kernel = [](const KernelContext& c) {
    const int64_t cols = c.in[1].shape().back();
    const int32_t* labels =
        checked_labels("sparse_categorical_crossentropy", c.in[0], cols, c.workspace);
    dispatch_floating(c.in[1].dtype(), [&]<class T>(type_tag<T>) {
      const T* x = c.in[1].as<const T>();
      T* y = c.out[0].as<T>();
      for (int64_t r = 0, n = c.out[0].size(); r < n; ++r) {
        y[r] = static_cast<T>(-static_cast<reference::Compute<T>>(x[r * cols + labels[r]]));
      }
    });
  };
  def.backward = [](const BackwardContext& c) {
    const Tensor hit = one_hot_like(c.inputs[0], c.inputs[1]);
    return Tensors{Tensor(), -(hit * ops::expand_dims(c.grads[0], -1))};
  };
  def.composite = [](std::span<const Tensor> in, const Attrs*) {
    return Tensors{-ops::sum(one_hot_like(in[0], in[1]) * in[1], IntList{-1})};
  };
  def.internal = true;
  registry.add(std::move(def));
}

void add(OpRegistry& registry, const char* name, const char* params, const char* doc,
         Ref<Attrs> (*make_attrs)(), CompositeFn composite) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.composite = std::move(composite);
  registry.add(std::move(def));
}

template <class A>
Tensor call(const char* name, const Tensor& target, const Tensor& output, Ref<A> attrs) {
  return apply_one(find_op(name), {target, output}, std::move(attrs));
}

}  // namespace

void register_cross_entropy_ops(OpRegistry& registry) {
  add(registry, "categorical_crossentropy", "target, output, from_logits, axis",
      "-sum(target * log(output)) along `axis`.\n\n"
      "Args:\n    target: True distribution, shaped as `output`.\n"
      "    output: Probabilities (rescaled to sum to 1), or logits.\n"
      "    from_logits: `output` holds logits.\n    axis: The axis of the classes.\n\n"
      "Returns:\n    The loss of each sample, shaped as `output` without `axis`.",
      make_attrs_of<CategoricalAttrs>, categorical_composite);
  add(registry, "sparse_categorical_crossentropy", "target, output, from_logits, axis",
      "-log(output) at the true class.\n\n"
      "Args:\n    target: Class ids, shaped as `output` without `axis`.\n"
      "    output: Probabilities (rescaled to sum to 1), or logits.\n"
      "    from_logits: `output` holds logits.\n    axis: The axis of the classes.\n\n"
      "Returns:\n    The loss of each sample, shaped as `output` without `axis`.\n\n"
      "Raises:\n    ValueError: a class id is outside [0, number of classes).",
      make_attrs_of<CategoricalAttrs>, sparse_categorical_composite);
  add(registry, "binary_crossentropy", "target, output, from_logits",
      "-(target * log(output) + (1 - target) * log(1 - output)), element by element.\n\n"
      "Args:\n    target: True labels, shaped as `output`.\n    output: Probabilities, or logits.\n"
      "    from_logits: `output` holds logits.\n\n"
      "Returns:\n    The loss of each element, shaped as `output`.",
      make_attrs_of<BinaryAttrs>, binary_composite);
  add_fused(registry);
  add_fused_grad(registry);
  add_at_label(registry);
  register_probability_cross_entropy(registry);
}

namespace ops {

Tensor categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits,
                                int64_t axis) {
  auto attrs = make_ref<CategoricalAttrs>();
  attrs->from_logits = from_logits;
  attrs->axis = axis;
  return call("categorical_crossentropy", target, output, attrs);
}

Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits,
                                       int64_t axis) {
  auto attrs = make_ref<CategoricalAttrs>();
  attrs->from_logits = from_logits;
  attrs->axis = axis;
  return call("sparse_categorical_crossentropy", target, output, attrs);
}

Tensor binary_crossentropy(const Tensor& target, const Tensor& output, bool from_logits) {
  auto attrs = make_ref<BinaryAttrs>();
  attrs->from_logits = from_logits;
  return call("binary_crossentropy", target, output, attrs);
}

Tensor sparse_softmax_cross_entropy(const Tensor& labels, const Tensor& logits) {
  return apply_one(find_op("sparse_softmax_cross_entropy"), {labels, logits});
}

}  // namespace ops
}  // namespace nacre
