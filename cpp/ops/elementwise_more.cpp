// Elementwise ops that the micro-op lists do not cover: selection, logic, tests of values.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/abi.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/loop.h"
#include "ops/promote.h"
#include "ops/reference/convert.h"
#include "ops/registry.h"
#include "ops/strided_copy.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::table;

struct ClipAttrs : AttrsOf<ClipAttrs> {
  double x_min = 0;
  double x_max = 0;
  NACRE_ATTRS(x_min, x_max)
};

std::vector<TensorSpec> infer_select(const InferContext& c) {
  const Shape values = broadcast_shapes(c.shape(1), c.shape(2), c.op);
  return {{c.dtype(1), broadcast_shapes(c.shape(0), values, c.op)}};
}

void select_kernel(const KernelContext& c) {
  const BroadcastLoop<3> loop(c.out[0].shape(),
                              {&c.in[0].shape(), &c.in[1].shape(), &c.in[2].shape()});
  const uint8_t* condition = c.in[0].as<const uint8_t>();
  const auto fast = table().select;
  if (c.in[1].dtype() == DType::kFloat32 && fast) {
    const float* a = c.in[1].as<const float>();
    const float* b = c.in[2].as<const float>();
    float* y = c.out[0].as<float>();
    loop([=](int64_t at, const std::array<int64_t, 3>& offset, int64_t n,
             const std::array<int, 3>& step) {
      if (step[0] == 1) {
        fast(condition + offset[0], a + offset[1], b + offset[2], y + at, n, step[1], step[2]);
        return;
      }
      const bool first = condition[offset[0]];
      const float* from = first ? a + offset[1] : b + offset[2];
      const int stride = first ? step[1] : step[2];
      for (int64_t i = 0; i < n; ++i) y[at + i] = from[i * stride];
    });
    return;
  }
  if (const HalfConversion half = half_conversion(c.in[1].dtype()); half && fast) {
    const auto* a = c.in[1].as<const uint16_t>();
    const auto* b = c.in[2].as<const uint16_t>();
    auto* y = c.out[0].as<uint16_t>();
    loop([=](int64_t at, const std::array<int64_t, 3>& offset, int64_t n,
             const std::array<int, 3>& step) {
      alignas(64) float tile_a[kWidenTile], tile_b[kWidenTile], tile_y[kWidenTile];
      for (int64_t i = 0; i < n; i += kWidenTile) {
        const int64_t count = std::min(n - i, kWidenTile);
        const uint8_t* mask = condition + offset[0] + i * step[0];
        const float* from_a = widen_tile(half, a + offset[1] + i * step[1], count, step[1], tile_a);
        const float* from_b = widen_tile(half, b + offset[2] + i * step[2], count, step[2], tile_b);
        if (step[0] == 1) {
          fast(mask, from_a, from_b, tile_y, count, step[1], step[2]);
        } else {
          const float* from = *mask ? from_a : from_b;
          const int stride = *mask ? step[1] : step[2];
          for (int64_t k = 0; k < count; ++k) tile_y[k] = from[k * stride];
        }
        half.narrow(tile_y, y + at + i, count);
      }
    });
    return;
  }
  dispatch_size(size_of(c.in[1].dtype()), [&]<class T>(T) {
    const T* a = c.in[1].as<const T>();
    const T* b = c.in[2].as<const T>();
    T* y = c.out[0].as<T>();
    loop([=](int64_t at, const std::array<int64_t, 3>& offset, int64_t n,
             const std::array<int, 3>& step) {
      for (int64_t i = 0; i < n; ++i) {
        y[at + i] = condition[offset[0] + i * step[0]] ? a[offset[1] + i * step[1]]
                                                       : b[offset[2] + i * step[2]];
      }
    });
  });
}

Tensors select_backward(const BackwardContext& c) {
  const Tensor& condition = c.inputs[0];
  const Tensor& g = c.grads[0];
  Tensors grads(3);
  const Tensor zero = ops::scalar(0);
  if (c.needs[1]) {
    grads[1] = ops::reduce_to_shape(ops::where(condition, g, zero), c.inputs[1].shape());
  }
  if (c.needs[2]) {
    grads[2] = ops::reduce_to_shape(ops::where(condition, zero, g), c.inputs[2].shape());
  }
  return grads;
}

void clip_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<ClipAttrs>();
  const int64_t n = c.out[0].size();
  const auto fast = table().clip;
  if (c.in[0].dtype() == DType::kFloat32 && fast) {
    const float* x = c.in[0].as<const float>();
    float* y = c.out[0].as<float>();
    const auto low = static_cast<float>(a.x_min);
    const auto high = static_cast<float>(a.x_max);
    parallel_for(n, kElementwiseGrain, [=](int64_t begin, int64_t end) {
      fast(x + begin, y + begin, end - begin, low, high);
    });
    return;
  }
  if (const HalfConversion half = half_conversion(c.in[0].dtype()); half && fast) {
    const auto* x = c.in[0].as<const uint16_t>();
    auto* y = c.out[0].as<uint16_t>();
    parallel_for(n, kElementwiseGrain, [=, &a](int64_t begin, int64_t end) {
      alignas(64) float tile[kWidenTile];
      for (int64_t i = begin; i < end; i += kWidenTile) {
        const int64_t count = std::min(end - i, kWidenTile);
        half.widen(x + i, tile, count);
        fast(tile, tile, count, static_cast<float>(a.x_min), static_cast<float>(a.x_max));
        half.narrow(tile, y + i, count);
      }
    });
    return;
  }
  dispatch(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* x = c.in[0].as<const T>();
    T* y = c.out[0].as<T>();
    const C low = reference::convert<C>(a.x_min);
    const C high = reference::convert<C>(a.x_max);
    parallel_for(n, kElementwiseGrain, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const C v = static_cast<C>(x[i]);
        y[i] = static_cast<T>(reference::Minimum{}(reference::Maximum{}(v, low), high));
      }
    });
  });
}

// One inside the limits (and at them), zero outside.
Tensors clip_backward(const BackwardContext& c) {
  const auto& a = c.attrs_as<ClipAttrs>();
  const Tensor& x = c.inputs[0];
  if (!is_floating(x.dtype())) return {Tensor()};
  const Tensor inside = ops::logical_and(ops::greater_equal(x, ops::scalar(a.x_min)),
                                         ops::less_equal(x, ops::scalar(a.x_max)));
  return {ops::where(inside, c.grads[0], ops::scalar(0))};
}

template <class F>
void logical_kernel(const KernelContext& c) {
  const bool* a = c.in[0].as<const bool>();
  const bool* b = c.in[1].as<const bool>();
  bool* y = c.out[0].as<bool>();
  const BroadcastLoop<2> loop(c.out[0].shape(), {&c.in[0].shape(), &c.in[1].shape()});
  loop([=](int64_t at, const std::array<int64_t, 2>& offset, int64_t n,
           const std::array<int, 2>& step) {
    for (int64_t i = 0; i < n; ++i) {
      y[at + i] = F{}(a[offset[0] + i * step[0]], b[offset[1] + i * step[1]]);
    }
  });
}

struct And {
  bool operator()(bool a, bool b) const { return a & b; }
};
struct Or {
  bool operator()(bool a, bool b) const { return a | b; }
};
struct Xor {
  bool operator()(bool a, bool b) const { return a != b; }
};

struct IsNan {
  template <class T>
  bool operator()(T x) const {
    return std::isnan(x);
  }
};
struct IsInf {
  template <class T>
  bool operator()(T x) const {
    return std::isinf(x);
  }
};
struct IsFinite {
  template <class T>
  bool operator()(T x) const {
    return std::isfinite(x);
  }
};
struct IsPosInf {
  template <class T>
  bool operator()(T x) const {
    return std::isinf(x) && x > 0;
  }
};
struct IsNegInf {
  template <class T>
  bool operator()(T x) const {
    return std::isinf(x) && x < 0;
  }
};

std::vector<TensorSpec> infer_test(const InferContext& c) {
  return {{DType::kBool, c.shape(0)}};
}

template <class F>
void add_test(OpRegistry& registry, const char* name, const char* doc) {
  OpDef def;
  def.name = name;
  def.params = "x";
  def.doc = doc;
  def.infer = infer_test;
  def.kernel = [](const KernelContext& c) {
    bool* y = c.out[0].as<bool>();
    const int64_t n = c.out[0].size();
    if (!is_floating(c.in[0].dtype())) {
      std::fill(y, y + n, F{}(0.0F));
      return;
    }
    dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      using C = reference::Compute<T>;
      const T* x = c.in[0].as<const T>();
      parallel_for(n, kElementwiseGrain, [=](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) y[i] = F{}(static_cast<C>(x[i]));
      });
    });
  };
  def.differentiable = false;
  registry.add(std::move(def));
}

// A primitive over bool operands behind a public op that first makes them bool.
template <class F>
void add_logical(OpRegistry& registry, const std::string& name, const char* doc) {
  OpDef def;
  def.name = "bool_" + name;
  def.params = "x1, x2";
  def.doc = doc;
  def.infer = [](const InferContext& c) {
    return std::vector<TensorSpec>{{DType::kBool, broadcast_shapes(c.shape(0), c.shape(1), c.op)}};
  };
  def.kernel = logical_kernel<F>;
  def.differentiable = false;
  def.elementwise = true;
  def.internal = true;
  registry.add(std::move(def));

  OpDef outer;
  outer.name = "logical_" + name;
  outer.params = "x1, x2";
  outer.doc = doc;
  outer.composite = [name](std::span<const Tensor> inputs, const Attrs*) {
    const OpDef& op = find_op("bool_" + name);
    return apply(op, {ops::cast(inputs[0], DType::kBool), ops::cast(inputs[1], DType::kBool)});
  };
  outer.differentiable = false;
  registry.add(std::move(outer));
}

}  // namespace

void register_elementwise_more_ops(OpRegistry& registry) {
  OpDef select;
  select.name = "select_where";
  select.params = "condition, x1, x2";
  select.doc = "`x1` where `condition` (bool) is true, else `x2`, both of one dtype.";
  select.infer = infer_select;
  select.kernel = select_kernel;
  select.backward = select_backward;
  select.elementwise = true;
  select.internal = true;
  registry.add(std::move(select));

  OpDef clip;
  clip.name = "clip_scalar";
  clip.params = "x, x_min!, x_max!";
  clip.doc = "`x` limited to [`x_min`, `x_max`].";
  clip.make_attrs = make_attrs_of<ClipAttrs>;
  clip.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[0].spec()}; };
  clip.kernel = clip_kernel;
  clip.backward = clip_backward;
  clip.elementwise = true;
  clip.internal = true;
  registry.add(std::move(clip));

  add_logical<And>(registry, "and", "Whether both `x1` and `x2` are true (not zero).");
  add_logical<Or>(registry, "or", "Whether `x1` or `x2` is true (not zero).");
  add_logical<Xor>(registry, "xor", "Whether exactly one of `x1` and `x2` is true (not zero).");
  OpDef logical_not;
  logical_not.name = "logical_not";
  logical_not.params = "x";
  logical_not.doc = "Whether `x` is false (zero).";
  logical_not.composite = [](std::span<const Tensor> inputs, const Attrs*) {
    return Tensors{ops::equal(ops::cast(inputs[0], DType::kBool), Tensor::scalar(false))};
  };
  logical_not.differentiable = false;
  registry.add(std::move(logical_not));

  add_test<IsNan>(registry, "isnan", "Whether `x` is NaN.");
  add_test<IsInf>(registry, "isinf", "Whether `x` is an infinity.");
  add_test<IsFinite>(registry, "isfinite", "Whether `x` is neither NaN nor an infinity.");
  add_test<IsPosInf>(registry, "isposinf", "Whether `x` is positive infinity.");
  add_test<IsNegInf>(registry, "isneginf", "Whether `x` is negative infinity.");
}

namespace ops {

#define NACRE_DEFINE_LOGICAL(function)                  \
  Tensor function(const Tensor& x1, const Tensor& x2) { \
    static const OpDef& op = find_op(#function);        \
    return apply_one(op, {x1, x2});                     \
  }
NACRE_DEFINE_LOGICAL(logical_and)
NACRE_DEFINE_LOGICAL(logical_or)
NACRE_DEFINE_LOGICAL(logical_xor)
#undef NACRE_DEFINE_LOGICAL
#define NACRE_DEFINE_TEST(function)              \
  Tensor function(const Tensor& x) {             \
    static const OpDef& op = find_op(#function); \
    return apply_one(op, {x});                   \
  }
NACRE_DEFINE_TEST(logical_not)
NACRE_DEFINE_TEST(isnan)
NACRE_DEFINE_TEST(isinf)
NACRE_DEFINE_TEST(isfinite)
#undef NACRE_DEFINE_TEST

Tensor where(const Tensor& condition, const Tensor& x1, const Tensor& x2) {
  static const OpDef& op = find_op("select_where");
  Tensor values[2] = {x1, x2};
  promote_all(values);
  return apply_one(op, {cast(condition, DType::kBool), values[0], values[1]});
}

Tensor clip(const Tensor& x, double x_min, double x_max) {
  static const OpDef& op = find_op("clip_scalar");
  auto attrs = make_ref<ClipAttrs>();
  attrs->x_min = x_min;
  attrs->x_max = x_max;
  return apply_one(op, {x}, std::move(attrs));
}

}  // namespace ops
}  // namespace nacre
