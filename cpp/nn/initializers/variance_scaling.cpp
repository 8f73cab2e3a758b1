// Initializers whose variance follows from the number of inputs and outputs of a unit: Glorot and
// Bengio 2010, He et al. 2015, LeCun et al. 1998.
#include <cmath>

#include "nacre/ops/random.h"
#include "nn/initializers/random.h"
#include "nn/registry.h"

namespace nacre {
namespace {

struct Fans {
  double in, out;
};

double product(const Shape& shape, const IntList& axes) {
  double n = 1;
  for (const int64_t axis : axes) {
    n *= static_cast<double>(shape[normalize_axis(axis, shape.rank(), "VarianceScaling")]);
  }
  return n;
}

// Kernels are (receptive field..., inputs, outputs).
Fans fans_of(const Shape& shape, const std::optional<IntList>& input_axes,
             const std::optional<IntList>& output_axes) {
  if (input_axes && output_axes) return {product(shape, *input_axes), product(shape, *output_axes)};
  const int rank = shape.rank();
  if (rank == 0) return {1, 1};
  if (rank == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double field = 1;
  for (int i = 0; i < rank - 2; ++i) field *= static_cast<double>(shape[i]);
  return {field * static_cast<double>(shape[rank - 2]),
          field * static_cast<double>(shape[rank - 1])};
}

class ScaledInitializer : public RandomInitializer {
 public:
  Tensor operator()(const Shape& shape, DType dtype) override {
    const Fans fans = fans_of(shape, input_axes, output_axes);
    const double fan = mode_ == "fan_in"    ? fans.in
                       : mode_ == "fan_out" ? fans.out
                                            : (fans.in + fans.out) / 2;
    const double variance = scale_ / std::max(1.0, fan);
    if (distribution_ == "uniform") {
      const double limit = std::sqrt(3 * variance);
      return random::uniform(shape, key(), -limit, limit, dtype);
    }
    if (distribution_ == "untruncated_normal") {
      return random::normal(shape, key(), 0, std::sqrt(variance), dtype);
    }
    // The standard deviation of a normal cut off at two of its own.
    constexpr double kTruncatedStddev = 0.87962566103423978;
    return random::truncated_normal(shape, key(), 0, std::sqrt(variance) / kTruncatedStddev, dtype);
  }

  std::optional<IntList> input_axes;
  std::optional<IntList> output_axes;

 protected:
  ScaledInitializer(double scale, const char* mode, const char* distribution)
      : scale_(scale), mode_(mode), distribution_(distribution) {}

  double scale_;
  std::string mode_;
  std::string distribution_;
};

class VarianceScaling final : public ScaledInitializer {
 public:
  VarianceScaling() : ScaledInitializer(1, "fan_in", "truncated_normal") {}
  NACRE_CONFIG(VarianceScaling, ScaledInitializer, scale_, mode_, distribution_, input_axes,
               output_axes)
  void validate() override {
    RandomInitializer::validate();
    if (!(scale_ > 0)) value_error("VarianceScaling: expected scale > 0, received ", scale_);
    if (mode_ != "fan_in" && mode_ != "fan_out" && mode_ != "fan_avg") {
      value_error("VarianceScaling: expected mode 'fan_in', 'fan_out' or 'fan_avg', received '",
                  mode_, "'");
    }
    if (distribution_ == "normal") distribution_ = "truncated_normal";
    if (distribution_ != "uniform" && distribution_ != "truncated_normal" &&
        distribution_ != "untruncated_normal") {
      value_error(
          "VarianceScaling: expected distribution 'uniform', 'truncated_normal' or "
          "'untruncated_normal', received '",
          distribution_, "'");
    }
  }
};

class GlorotUniform final : public ScaledInitializer {
 public:
  GlorotUniform() : ScaledInitializer(1, "fan_avg", "uniform") {}
  NACRE_CONFIG(GlorotUniform, ScaledInitializer, input_axes, output_axes)
};

class GlorotNormal final : public ScaledInitializer {
 public:
  GlorotNormal() : ScaledInitializer(1, "fan_avg", "truncated_normal") {}
  NACRE_CONFIG(GlorotNormal, ScaledInitializer, input_axes, output_axes)
};

class HeUniform final : public ScaledInitializer {
 public:
  HeUniform() : ScaledInitializer(2, "fan_in", "uniform") {}
  NACRE_CONFIG(HeUniform, ScaledInitializer, input_axes, output_axes)
};

class HeNormal final : public ScaledInitializer {
 public:
  HeNormal() : ScaledInitializer(2, "fan_in", "truncated_normal") {}
  NACRE_CONFIG(HeNormal, ScaledInitializer, input_axes, output_axes)
};

class LecunUniform final : public ScaledInitializer {
 public:
  LecunUniform() : ScaledInitializer(1, "fan_in", "uniform") {}
  NACRE_CONFIG(LecunUniform, ScaledInitializer, input_axes, output_axes)
};

class LecunNormal final : public ScaledInitializer {
 public:
  LecunNormal() : ScaledInitializer(1, "fan_in", "truncated_normal") {}
  NACRE_CONFIG(LecunNormal, ScaledInitializer, input_axes, output_axes)
};

}  // namespace

void register_variance_scaling() {
  register_class<VarianceScaling>();
  register_class<GlorotUniform>();
  register_class<GlorotNormal>();
  register_class<HeUniform>();
  register_class<HeNormal>();
  register_class<LecunUniform>();
  register_class<LecunNormal>();
}

}  // namespace nacre
