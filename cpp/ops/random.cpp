// keras.random: samples as functions of a seed tensor.
#include "nacre/ops/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/abi.h"
#include "nacre/base/parallel.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/symbolic.h"
#include "ops/random_draws.h"
#include "ops/reference/random.h"
#include "ops/reference/scalar.h"
#include "ops/registry.h"

namespace nacre {
namespace {

using kernels::table;
using reference::ElementStream;

struct NormalAttrs : AttrsOf<NormalAttrs> {
  IntList shape;
  double mean = 0;
  double stddev = 1;
  std::optional<DType> dtype;
  NACRE_ATTRS(shape, mean, stddev, dtype)
};
struct UniformAttrs : AttrsOf<UniformAttrs> {
  IntList shape;
  double minval = 0;
  double maxval = 1;
  std::optional<DType> dtype;
  NACRE_ATTRS(shape, minval, maxval, dtype)
};
struct RandintAttrs : AttrsOf<RandintAttrs> {
  IntList shape;
  int64_t minval = 0;
  int64_t maxval = 1;
  DType dtype = DType::kInt32;
  NACRE_ATTRS(shape, minval, maxval, dtype)
};
struct CategoricalAttrs : AttrsOf<CategoricalAttrs> {
  int64_t num_samples = 1;
  DType dtype = DType::kInt32;
  NACRE_ATTRS(num_samples, dtype)
};

constexpr int64_t kRandomGrain = 16384;

Shape checked_shape(const IntList& shape, std::string_view op) {
  for (const int64_t dim : shape) {
    if (dim < 0 && !inferring_call()) {
      value_error(op, ": expected a shape without negative sizes, received shape=",
                  to_string(AttrValue(shape)));
    }
  }
  return Shape(shape);
}

DType checked_float(const std::optional<DType>& dtype, std::string_view op) {
  const DType out = dtype.value_or(floatx());
  if (!is_floating(out)) value_error(op, ": expected a floating dtype, received '", out, "'");
  return out;
}

// fast(y, begin, end) for float32, value(i) in double for the rest.
template <class Fast, class Value>
void generate(const KernelContext& c, bool have_fast, Fast fast, Value value) {
  const Buffer& out = c.out[0];
  parallel_for(out.size(), kRandomGrain, [&](int64_t begin, int64_t end) {
    if (out.dtype() == DType::kFloat32 && have_fast) return fast(out.as<float>(), begin, end);
    dispatch_floating(out.dtype(), [&]<class T>(type_tag<T>) {
      using C = reference::Compute<T>;
      T* y = out.as<T>();
      for (int64_t i = begin; i < end; ++i) {
        y[i] = static_cast<T>(static_cast<C>(value(static_cast<uint64_t>(i))));
      }
    });
  });
}

void normal_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<NormalAttrs>();
  const uint64_t key = seed_key(c.in[0]);
  generate(
      c, table().random_normal != nullptr,
      [&](float* y, int64_t begin, int64_t end) {
        table().random_normal(key, 0, y, begin, end, static_cast<float>(a.mean),
                              static_cast<float>(a.stddev));
      },
      [&](uint64_t i) { return a.mean + a.stddev * random_normal_at(key, 0, i); });
}

// The largest value of a type below `high`.
template <class T>
T below(double high) {
  T value = static_cast<T>(static_cast<reference::Compute<T>>(high));
  if (static_cast<double>(value) < high) return value;
  if constexpr (requires { value.bits; }) {
    // One step toward minus infinity over the ordered bit patterns.
    if (static_cast<float>(value) > 0) {
      --value.bits;
    } else if (static_cast<float>(value) < 0) {
      ++value.bits;
    } else {
      value.bits = 0x8001;
    }
    return value;
  } else {
    return std::nextafter(value, -std::numeric_limits<T>::infinity());
  }
}

void uniform_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<UniformAttrs>();
  const uint64_t key = seed_key(c.in[0]);
  const double span = a.maxval - a.minval;
  const auto draw = [&](uint64_t i) { return a.minval + span * reference::uniform53(key, i); };
  if (c.out[0].dtype() == DType::kFloat32 && table().random_uniform) {
    parallel_for(c.out[0].size(), kRandomGrain, [&](int64_t begin, int64_t end) {
      table().random_uniform(key, 0, c.out[0].as<float>(), begin, end, static_cast<float>(a.minval),
                             static_cast<float>(a.maxval));
    });
    return;
  }
  dispatch_floating(c.out[0].dtype(), [&]<class T>(type_tag<T>) {
    using C = reference::Compute<T>;
    T* y = c.out[0].as<T>();
    const double last = static_cast<double>(below<T>(a.maxval));
    parallel_for(c.out[0].size(), kRandomGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        // Rounding to the type must not reach maxval.
        const T v = static_cast<T>(static_cast<C>(draw(static_cast<uint64_t>(i))));
        y[i] = static_cast<double>(v) > last ? static_cast<T>(static_cast<C>(last)) : v;
      }
    });
  });
}

// Through the inverse of the distribution function: sqrt(2) erfinv(u), u uniform over
// +-erf(sqrt(2)).
void truncated_normal_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<NormalAttrs>();
  const uint64_t key = seed_key(c.in[0]);
  constexpr double kMass = 0.95449973610364158560;  // of a normal within two deviations
  constexpr double kRoot2 = 1.41421356237309504880;
  const auto inverse = table().unary[static_cast<int>(kernels::Unary::kErfInv)];
  generate(
      c, table().random_uniform != nullptr && inverse != nullptr,
      [&](float* y, int64_t begin, int64_t end) {
        table().random_uniform(key, 0, y, begin, end, static_cast<float>(-kMass),
                               static_cast<float>(kMass));
        inverse(y + begin, y + begin, end - begin);
        const float scale = static_cast<float>(kRoot2 * a.stddev),
                    mean = static_cast<float>(a.mean);
        const float reach = static_cast<float>(2 * std::abs(a.stddev));
        for (int64_t i = begin; i < end; ++i) {
          y[i] = std::clamp(y[i] * scale, -reach, reach) + mean;
        }
      },
      [&](uint64_t i) {
        const double z =
            kRoot2 * reference::erf_inv(kMass * (2 * reference::uniform53(key, i) - 1));
        return a.mean + a.stddev * std::clamp(z, -2.0, 2.0);
      });
}

std::vector<TensorSpec> infer_randint(const InferContext& c) {
  check_seed(c, 0);
  const auto& a = c.attrs_as<RandintAttrs>();
  if (!is_integer(a.dtype)) {
    value_error(c.op, ": expected an integer dtype, received '", a.dtype, "'");
  }
  if (a.maxval <= a.minval) {
    value_error(c.op, ": expected maxval > minval, received minval=", a.minval,
                ", maxval=", a.maxval);
  }
  dispatch(a.dtype, [&]<class T>(type_tag<T>) {
    if constexpr (std::is_integral_v<T>) {
      const auto low = static_cast<double>(std::numeric_limits<T>::min());
      const auto high = static_cast<double>(std::numeric_limits<T>::max());
      if (static_cast<double>(a.minval) < low || static_cast<double>(a.maxval - 1) > high) {
        value_error(c.op, ": expected bounds that fit in ", a.dtype, ", received minval=", a.minval,
                    ", maxval=", a.maxval);
      }
    }
  });
  return {{a.dtype, checked_shape(a.shape, c.op)}};
}

void randint_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<RandintAttrs>();
  const uint64_t key = seed_key(c.in[0]);
  const uint64_t range = static_cast<uint64_t>(a.maxval) - static_cast<uint64_t>(a.minval);
  dispatch(a.dtype, [&]<class T>(type_tag<T>) {
    T* y = c.out[0].as<T>();
    parallel_for(c.out[0].size(), kRandomGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        ElementStream stream(key, static_cast<uint64_t>(i));
        y[i] = static_cast<T>(
            static_cast<int64_t>(static_cast<uint64_t>(a.minval) + stream.below(range)));
      }
    });
  });
}

std::vector<TensorSpec> infer_categorical(const InferContext& c) {
  check_seed(c, 1);
  const auto& a = c.attrs_as<CategoricalAttrs>();
  if (c.shape(0).rank() != 2 || c.shape(0)[1] == 0) {
    value_error(c.op, ": expected logits of shape (batch, classes), received ", c.shape(0));
  }
  if (a.num_samples < 0) {
    value_error(c.op, ": expected num_samples >= 0, received ", a.num_samples);
  }
  if (!is_integer(a.dtype)) {
    value_error(c.op, ": expected an integer dtype, received '", a.dtype, "'");
  }
  return {{a.dtype, {c.shape(0)[0], a.num_samples}}};
}

void categorical_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<CategoricalAttrs>();
  const uint64_t key = seed_key(c.in[1]);
  const int64_t classes = c.in[0].shape()[1];
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    const T* logits = c.in[0].as<const T>();
    parallel_for(c.in[0].shape()[0], 1, [&](int64_t begin, int64_t end) {
      std::vector<double> total(static_cast<size_t>(classes));
      for (int64_t r = begin; r < end; ++r) {
        const T* row = logits + r * classes;
        double high = -std::numeric_limits<double>::infinity();
        for (int64_t i = 0; i < classes; ++i) high = std::max(high, static_cast<double>(row[i]));
        double sum = 0;
        for (int64_t i = 0; i < classes; ++i) {
          sum += std::exp(static_cast<double>(row[i]) - high);
          total[static_cast<size_t>(i)] = sum;
        }
        for (int64_t s = 0; s < a.num_samples; ++s) {
          const int64_t at = r * a.num_samples + s;
          const double u = reference::uniform53(key, static_cast<uint64_t>(at)) * sum;
          const auto found = std::upper_bound(total.begin(), total.end(), u) - total.begin();
          const int64_t id = std::min<int64_t>(found, classes - 1);
          dispatch(a.dtype,
                   [&]<class I>(type_tag<I>) { c.out[0].as<I>()[at] = static_cast<I>(id); });
        }
      }
    });
  });
}

template <class A>
std::vector<TensorSpec> infer_float(const InferContext& c) {
  check_seed(c, 0);
  const auto& a = c.attrs_as<A>();
  return {{checked_float(a.dtype, c.op), checked_shape(a.shape, c.op)}};
}

void add(OpRegistry& registry, const char* name, const char* params, const char* doc,
         Ref<Attrs> (*make_attrs)(), InferFn infer, KernelFn kernel) {
  OpDef def;
  def.name = name;
  def.params = params;
  def.doc = doc;
  def.make_attrs = make_attrs;
  def.infer = std::move(infer);
  def.kernel = std::move(kernel);
  def.differentiable = false;
  registry.add(std::move(def));
}

template <class A>
Ref<A> shaped(const Shape& shape, std::optional<DType> dtype) {
  auto attrs = make_ref<A>();
  attrs->shape = shape.vector();
  attrs->dtype = dtype;
  return attrs;
}

}  // namespace

uint64_t seed_key(const Buffer& seed) {
  const uint32_t* words = seed.as<const uint32_t>();
  return uint64_t{words[1]} << 32 | words[0];
}

void check_seed(const InferContext& c, size_t input) {
  if (c.dtype(input) != DType::kUInt32 || c.shape(input) != Shape{2}) {
    value_error(c.op, ": expected seed of shape (2,) and dtype uint32, received shape ",
                c.shape(input), " and dtype ", c.dtype(input));
  }
}

void register_random_ops(OpRegistry& registry) {
  add(registry, "random.normal", "shape!, mean, stddev, dtype, seed",
      "Samples of the normal distribution.\n\nArgs:\n    shape: Shape of the result.\n    mean: "
      "Mean."
      "\n    stddev: Standard deviation.\n    dtype: A floating dtype; None is floatx.\n    seed: "
      "An "
      "int, a SeedGenerator, or None.\n\nReturns:\n    A tensor of shape `shape`.",
      make_attrs_of<NormalAttrs>, infer_float<NormalAttrs>, normal_kernel);
  add(registry, "random.uniform", "shape!, minval, maxval, dtype, seed",
      "Samples that are uniform in [minval, maxval).\n\nArgs:\n    shape: Shape of the result.\n"
      "    minval: Smallest value.\n    maxval: Bound above, never reached.\n    dtype: A floating "
      "dtype; None is floatx.\n    seed: An int, a SeedGenerator, or None.\n\nReturns:\n    A "
      "tensor "
      "of shape `shape`.",
      make_attrs_of<UniformAttrs>, infer_float<UniformAttrs>, uniform_kernel);
  add(registry, "random.truncated_normal", "shape!, mean, stddev, dtype, seed",
      "Samples of the normal distribution within two standard deviations of the mean.\n\nArgs:\n"
      "    shape: Shape of the result.\n    mean: Mean.\n    stddev: Standard deviation before the "
      "cut.\n    dtype: A floating dtype; None is floatx.\n    seed: An int, a SeedGenerator, or "
      "None."
      "\n\nReturns:\n    A tensor of shape `shape`.",
      make_attrs_of<NormalAttrs>, infer_float<NormalAttrs>, truncated_normal_kernel);
  add(registry, "random.randint", "shape!, minval!, maxval!, dtype, seed",
      "Integers in [minval, maxval), all equally likely.\n\nArgs:\n    shape: Shape of the "
      "result.\n"
      "    minval: Smallest value.\n    maxval: Bound above, never reached.\n    dtype: An integer "
      "dtype.\n    seed: An int, a SeedGenerator, or None.\n\nReturns:\n    A tensor of shape "
      "`shape`.",
      make_attrs_of<RandintAttrs>, infer_randint, randint_kernel);
  add(registry, "random.categorical", "logits, num_samples!, dtype, seed",
      "Class ids with probabilities softmax(logits).\n\nArgs:\n    logits: Tensor of shape (batch, "
      "classes).\n    num_samples: Samples for each row.\n    dtype: An integer dtype.\n    seed: "
      "An "
      "int, a SeedGenerator, or None.\n\nReturns:\n    A tensor of shape (batch, num_samples).",
      make_attrs_of<CategoricalAttrs>, infer_categorical, categorical_kernel);
  register_random_draw_ops(registry);
}

Tensor make_seed(uint64_t seed) {
  return Tensor::from<uint32_t>({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                {2});
}

namespace random {

Tensor normal(const Shape& shape, const Tensor& seed, double mean, double stddev,
              std::optional<DType> dtype) {
  auto attrs = shaped<NormalAttrs>(shape, dtype);
  attrs->mean = mean;
  attrs->stddev = stddev;
  return apply_one(find_op("random.normal"), {seed}, attrs);
}

Tensor uniform(const Shape& shape, const Tensor& seed, double minval, double maxval,
               std::optional<DType> dtype) {
  auto attrs = shaped<UniformAttrs>(shape, dtype);
  attrs->minval = minval;
  attrs->maxval = maxval;
  return apply_one(find_op("random.uniform"), {seed}, attrs);
}

Tensor truncated_normal(const Shape& shape, const Tensor& seed, double mean, double stddev,
                        std::optional<DType> dtype) {
  auto attrs = shaped<NormalAttrs>(shape, dtype);
  attrs->mean = mean;
  attrs->stddev = stddev;
  return apply_one(find_op("random.truncated_normal"), {seed}, attrs);
}

Tensor randint(const Shape& shape, int64_t minval, int64_t maxval, const Tensor& seed,
               DType dtype) {
  auto attrs = make_ref<RandintAttrs>();
  attrs->shape = shape.vector();
  attrs->minval = minval;
  attrs->maxval = maxval;
  attrs->dtype = dtype;
  return apply_one(find_op("random.randint"), {seed}, attrs);
}

Tensor categorical(const Tensor& logits, int64_t num_samples, const Tensor& seed, DType dtype) {
  auto attrs = make_ref<CategoricalAttrs>();
  attrs->num_samples = num_samples;
  attrs->dtype = dtype;
  return apply_one(find_op("random.categorical"), {logits, seed}, attrs);
}

}  // namespace random
}  // namespace nacre
