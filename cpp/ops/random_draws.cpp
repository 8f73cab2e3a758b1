// Random ops that act on tensors: shuffle, dropout, and the distributions with tensor parameters.
#include "ops/random_draws.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/abi.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "ops/loop.h"
#include "ops/reference/random.h"
#include "ops/reference/scalar.h"
#include "ops/widen.h"

namespace nacre {
namespace {

using kernels::table;
using reference::ElementStream;

struct ShuffleAttrs : AttrsOf<ShuffleAttrs> {
  int64_t axis = 0;
  bool inverse = false;  // the gradient: not an argument of the public op
  NACRE_ATTRS(axis, inverse)
};
struct DropoutAttrs : AttrsOf<DropoutAttrs> {
  double rate = 0.5;
  std::optional<IntList> noise_shape;
  NACRE_ATTRS(rate, noise_shape)
};
struct MaskAttrs : AttrsOf<MaskAttrs> {
  double rate = 0.5;
  NACRE_ATTRS(rate)
};
struct SampleAttrs : AttrsOf<SampleAttrs> {
  IntList shape;
  std::optional<DType> dtype;
  NACRE_ATTRS(shape, dtype)
};

// ---- shuffle

std::vector<int64_t> permutation(uint64_t key, int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  // Fisher and Yates.
  for (int64_t i = n - 1; i > 0; --i) {
    ElementStream stream(key, static_cast<uint64_t>(i));
    std::swap(order[i], order[stream.below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

void shuffle_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<ShuffleAttrs>();
  const Shape& shape = c.in[0].shape();
  const int axis = normalize_axis(a.axis, shape.rank(), "random.shuffle");
  const int64_t n = shape[axis];
  const int64_t outer = shape.size(0, axis);
  const size_t slice =
      static_cast<size_t>(shape.size(axis + 1, shape.rank())) * size_of(c.in[0].dtype());
  const std::vector<int64_t> order = permutation(seed_key(c.in[1]), n);
  const char* x = c.in[0].as<const char>();
  char* y = c.out[0].as<char>();
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 16) / std::max<int64_t>(1, slice));
  parallel_for(outer * n, grain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t row = r / n * n;
      const int64_t other = row + order[r - row];
      const int64_t from = a.inverse ? r : other, to = a.inverse ? other : r;
      std::memcpy(y + to * slice, x + from * slice, slice);
    }
  });
}

void add_shuffle(OpRegistry& registry) {
  OpDef def;
  def.name = "random.shuffle";
  def.params = "x, axis, seed";
  def.doc =
      "The slices of `x` along `axis` in random order.\n\nArgs:\n    x: Input tensor.\n    axis: "
      "The "
      "axis to shuffle along.\n    seed: An int, a SeedGenerator, or None.\n\nReturns:\n    A "
      "tensor "
      "shaped as `x`.";
  def.make_attrs = make_attrs_of<ShuffleAttrs>;
  def.infer = [](const InferContext& c) {
    check_seed(c, 1);
    normalize_axis(c.attrs_as<ShuffleAttrs>().axis, c.shape(0).rank(), c.op);
    return std::vector<TensorSpec>{c.inputs[0].spec()};
  };
  def.kernel = shuffle_kernel;
  def.backward = [](const BackwardContext& c) {
    auto attrs = make_ref<ShuffleAttrs>(c.attrs_as<ShuffleAttrs>());
    attrs->inverse = !attrs->inverse;
    return Tensors{apply_one(find_op("random.shuffle"), {c.grads[0], c.inputs[1]}, attrs),
                   Tensor()};
  };
  registry.add(std::move(def));
}

// ---- dropout

// As the fast kernel: kept where the element's 24-bit uniform number is at least the rate.
bool keeps(uint64_t key, int64_t i, float rate) {
  const float bound = std::ceil(rate * 0x1p24f);
  return static_cast<float>(random_bits_at(key, 0, static_cast<uint64_t>(i)) >> 8) >= bound;
}

// Elements [begin, end) of a 16-bit float, a tile at a time: change(tile, first element, count).
template <class Change>
void by_tiles(const HalfConversion& half, const Buffer& from, const Buffer& to, int64_t begin,
              int64_t end, Change&& change) {
  alignas(64) float tile[kWidenTile];
  for (int64_t i = begin; i < end; i += kWidenTile) {
    const int64_t n = std::min(kWidenTile, end - i);
    half.widen(from.as<const uint16_t>() + i, tile, n);
    change(tile, i, n);
    half.narrow(tile, to.as<uint16_t>() + i, n);
  }
}

void dropout_kernel(const KernelContext& c) {
  const double rate = c.attrs_as<MaskAttrs>().rate;
  const uint64_t key = seed_key(c.in[1]);
  uint8_t* mask = c.out[1].as<uint8_t>();
  parallel_for(c.out[0].size(), kElementwiseGrain, [&](int64_t begin, int64_t end) {
    if (c.in[0].dtype() == DType::kFloat32 && table().dropout) {
      return table().dropout(key, 0, c.in[0].as<const float>(), c.out[0].as<float>(), mask, begin,
                             end, static_cast<float>(rate), dropout_scale(rate));
    }
    if (const HalfConversion half = half_conversion(c.in[0].dtype()); half && table().dropout) {
      return by_tiles(half, c.in[0], c.out[0], begin, end, [&](float* tile, int64_t i, int64_t n) {
        table().dropout(key, 0, tile - i, tile - i, mask, i, i + n, static_cast<float>(rate),
                        dropout_scale(rate));
      });
    }
    dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
      using C = reference::Compute<T>;
      const T* x = c.in[0].as<const T>();
      T* y = c.out[0].as<T>();
      const C scale = static_cast<C>(1 / (1 - rate));
      for (int64_t i = begin; i < end; ++i) {
        mask[i] = keeps(key, i, static_cast<float>(rate));
        y[i] = mask[i] ? static_cast<T>(static_cast<C>(x[i]) * scale) : T(0);
      }
    });
  });
}

// dx = mask ? g * scale : 0, a tile at a time.
void scale_kept(const uint8_t* mask, const float* g, float* dx, int64_t begin, int64_t end,
                float scale) {
  constexpr int64_t kTile = 2048;
  const float zero = 0;
  const auto multiply = table().binary[static_cast<int>(kernels::Binary::kMul)];
  for (int64_t i = begin; i < end; i += kTile) {
    const int64_t n = std::min(kTile, end - i);
    multiply(g + i, &scale, dx + i, n, 1, 0);
    table().select(mask + i, dx + i, &zero, dx + i, n, 1, 0);
  }
}

void dropout_grad_kernel(const KernelContext& c) {
  const double rate = c.attrs_as<MaskAttrs>().rate;
  const uint8_t* mask = c.in[0].as<const uint8_t>();
  dispatch_floating(c.in[1].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    const T* g = c.in[1].as<const T>();
    T* dx = c.out[0].as<T>();
    const C scale = static_cast<C>(1 / (1 - rate));
    parallel_for(c.out[0].size(), kElementwiseGrain, [&](int64_t begin, int64_t end) {
      if constexpr (std::is_same_v<T, float>) {
        return scale_kept(mask, g, dx, begin, end, scale);
      }
      if (const HalfConversion half = half_conversion(c.in[1].dtype())) {
        return by_tiles(
            half, c.in[1], c.out[0], begin, end, [&](float* tile, int64_t i, int64_t n) {
              scale_kept(mask, tile - i, tile - i, i, i + n, static_cast<float>(1 / (1 - rate)));
            });
      }
      for (int64_t i = begin; i < end; ++i) {
        dx[i] = mask[i] ? static_cast<T>(static_cast<C>(g[i]) * scale) : T(0);
      }
    });
  });
}

Tensor dropout_grad(const Tensor& mask, const Tensor& grad, const Attrs* attrs) {
  return apply_one(find_op("dropout_grad"), {mask, grad},
                   make_ref<MaskAttrs>(static_cast<const MaskAttrs&>(*attrs)));
}

Tensors dropout_composite(std::span<const Tensor> in, const Attrs* raw) {
  constexpr const char* op = "random.dropout";
  const auto& a = static_cast<const DropoutAttrs&>(*raw);
  if (!(a.rate >= 0 && a.rate <= 1)) {
    value_error(op, ": expected rate in [0, 1], received rate=", a.rate);
  }
  const Tensor x = is_floating(in[0].dtype()) ? in[0] : ops::cast(in[0], floatx());
  if (a.rate == 0) return {x};
  if (a.rate == 1) return {x * 0.0};
  auto attrs = make_ref<MaskAttrs>();
  attrs->rate = a.rate;
  if (!a.noise_shape) return {apply(find_op("dropout_forward"), {x, in[1]}, attrs)[0]};
  const IntList& noise = *a.noise_shape;
  if (static_cast<int>(noise.size()) != x.rank()) {
    value_error(op, ": expected noise_shape of ", x.rank(), " sizes, received ",
                to_string(AttrValue(noise)), " (inputs: ", x.shape(), ")");
  }
  Shape shape;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t size = noise[i] < 0 ? x.shape()[i] : noise[i];
    if (size != 1 && size != x.shape()[i]) {
      value_error(op, ": expected noise_shape that broadcasts to ", x.shape(), ", received ",
                  to_string(AttrValue(noise)));
    }
    shape.push_back(size);
  }
  if (x.is_placeholder()) return {Tensor::placeholder(x.spec())};
  // Dropout of ones is the mask, scaled.
  const Tensor ones = ops::ones(shape, x.dtype());
  return {x * apply(find_op("dropout_forward"), {ones, in[1]}, attrs)[0]};
}

void add_dropout(OpRegistry& registry) {
  OpDef def;
  def.name = "random.dropout";
  def.params = "inputs, rate!, noise_shape, seed";
  def.doc =
      "Sets elements to 0 with probability `rate` and scales the rest by 1 / (1 - rate).\n\n"
      "Args:\n    inputs: Input tensor.\n    rate: Probability in [0, 1].\n    noise_shape: Shape "
      "of "
      "the mask, which broadcasts to `inputs`; -1 is the size of `inputs`.\n    seed: An int, a "
      "SeedGenerator, or None.\n\nReturns:\n    A tensor shaped as `inputs`.";
  def.make_attrs = make_attrs_of<DropoutAttrs>;
  def.composite = dropout_composite;
  registry.add(std::move(def));

  OpDef forward;
  forward.name = "dropout_forward";
  forward.params = "x, seed, rate";
  forward.doc = "Dropout and its mask (what is kept).";
  forward.make_attrs = make_attrs_of<MaskAttrs>;
  forward.infer = [](const InferContext& c) {
    check_seed(c, 1);
    return std::vector<TensorSpec>{c.inputs[0].spec(), {DType::kBool, c.shape(0)}};
  };
  forward.kernel = dropout_kernel;
  forward.backward = [](const BackwardContext& c) {
    return Tensors{dropout_grad(c.outputs[1], c.grads[0], c.attrs), Tensor()};
  };
  forward.internal = true;
  registry.add(std::move(forward));

  OpDef grad;
  grad.name = "dropout_grad";
  grad.params = "mask, grad, rate";
  grad.doc = "Gradient of dropout_forward: grad / (1 - rate) where the mask holds, else 0.";
  grad.make_attrs = make_attrs_of<MaskAttrs>;
  grad.infer = [](const InferContext& c) { return std::vector<TensorSpec>{c.inputs[1].spec()}; };
  grad.kernel = dropout_grad_kernel;
  grad.backward = [](const BackwardContext& c) {
    return Tensors{Tensor(), dropout_grad(c.inputs[0], c.grads[0], c.attrs)};
  };
  grad.internal = true;
  registry.add(std::move(grad));
}

// ---- distributions with tensor parameters

using Draw = double (*)(ElementStream& stream, double a, double b);

// Parameters as float64 of the result's shape; `draw` makes one element.
void add_distribution(OpRegistry& registry, const char* name, const char* primitive,
                      const char* params, int num_parameters, const char* doc, Draw draw) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs_of<SampleAttrs>;
  def.composite = [=](std::span<const Tensor> in, const Attrs* raw) {
    auto attrs = make_ref<SampleAttrs>(static_cast<const SampleAttrs&>(*raw));
    const DType dtype = attrs->dtype.value_or(floatx());
    if (!is_floating(dtype) && !is_integer(dtype)) {
      value_error(name, ": expected a numeric dtype, received '", dtype, "'");
    }
    attrs->dtype = dtype;
    const Shape shape(attrs->shape);
    Tensors inputs;
    for (int k = 0; k < num_parameters; ++k) {
      if (broadcast_shapes(in[k].shape(), shape, name) != shape) {
        value_error(name, ": expected parameters that broadcast to ", shape, ", received ",
                    in[k].shape());
      }
      inputs.push_back(
          ops::broadcast_to(ops::cast(ops::stop_gradient(in[k]), DType::kFloat64), shape));
    }
    inputs.push_back(in[num_parameters]);
    return apply(find_op(primitive), inputs, attrs);
  };
  def.differentiable = false;
  registry.add(std::move(def));

  OpDef samples;
  samples.name = primitive;
  samples.params = num_parameters == 1 ? "a, seed, shape, dtype" : "a, b, seed, shape, dtype";
  samples.doc = "Samples for float64 parameters of the result's shape.";
  samples.make_attrs = make_attrs_of<SampleAttrs>;
  samples.infer = [=](const InferContext& c) {
    check_seed(c, static_cast<size_t>(num_parameters));
    return std::vector<TensorSpec>{{*c.attrs_as<SampleAttrs>().dtype, c.shape(0)}};
  };
  samples.kernel = [=](const KernelContext& c) {
    const uint64_t key = seed_key(c.in[num_parameters]);
    const double* a = c.in[0].as<const double>();
    const double* b = num_parameters > 1 ? c.in[1].as<const double>() : nullptr;
    dispatch(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
      T* y = c.out[0].as<T>();
      parallel_for(c.out[0].size(), 512, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          ElementStream stream(key, static_cast<uint64_t>(i));
          y[i] = static_cast<T>(draw(stream, a[i], b ? b[i] : 0));
        }
      });
    });
  };
  samples.differentiable = false;
  samples.internal = true;
  registry.add(std::move(samples));
}

Tensor call_samples(const char* name, const Shape& shape, Tensors inputs,
                    std::optional<DType> dtype) {
  auto attrs = make_ref<SampleAttrs>();
  attrs->shape = shape.vector();
  attrs->dtype = dtype;
  return apply_one(find_op(name), inputs, attrs);
}

}  // namespace

float dropout_scale(double rate) {
  return static_cast<float>(1 / (1 - rate));
}

void register_random_draw_ops(OpRegistry& registry) {
  add_shuffle(registry);
  add_dropout(registry);
  add_distribution(registry, "random.gamma", "gamma_samples", "shape!, alpha, dtype, seed", 1,
                   "Samples of the gamma distribution with shape parameter `alpha` and rate 1.",
                   [](ElementStream& s, double a, double) { return s.gamma(a); });
  add_distribution(registry, "random.beta", "beta_samples", "shape!, alpha, beta, dtype, seed", 2,
                   "Samples of the beta distribution with parameters `alpha` and `beta`.",
                   [](ElementStream& s, double a, double b) { return s.beta(a, b); });
  add_distribution(registry, "random.binomial", "binomial_samples",
                   "shape!, counts, probabilities, dtype, seed", 2,
                   "How many of `counts` trials succeed, each with probability `probabilities`.",
                   [](ElementStream& s, double n, double p) { return s.binomial(n, p); });
}

namespace random {

Tensor shuffle(const Tensor& x, const Tensor& seed, int64_t axis) {
  auto attrs = make_ref<ShuffleAttrs>();
  attrs->axis = axis;
  return apply_one(find_op("random.shuffle"), {x, seed}, attrs);
}

Tensor dropout(const Tensor& inputs, double rate, const Tensor& seed,
               const std::optional<IntList>& noise_shape) {
  auto attrs = make_ref<DropoutAttrs>();
  attrs->rate = rate;
  attrs->noise_shape = noise_shape;
  return apply_one(find_op("random.dropout"), {inputs, seed}, attrs);
}

Tensor gamma(const Shape& shape, const Tensor& alpha, const Tensor& seed,
             std::optional<DType> dtype) {
  return call_samples("random.gamma", shape, {alpha, seed}, dtype);
}

Tensor beta(const Shape& shape, const Tensor& alpha, const Tensor& beta, const Tensor& seed,
            std::optional<DType> dtype) {
  return call_samples("random.beta", shape, {alpha, beta, seed}, dtype);
}

Tensor binomial(const Shape& shape, const Tensor& counts, const Tensor& probabilities,
                const Tensor& seed, std::optional<DType> dtype) {
  return call_samples("random.binomial", shape, {counts, probabilities, seed}, dtype);
}

}  // namespace random
}  // namespace nacre
