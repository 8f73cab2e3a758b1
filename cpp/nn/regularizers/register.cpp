// Penalties of weights and outputs.
#include "nacre/nn/initializer.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

void check_factor(std::string_view name, std::string_view what, double value) {
  if (!(value >= 0) || value - value != 0) {
    value_error(name, ": expected ", what, " to be a finite number >= 0, received ", value);
  }
}

class L1 final : public Regularizer {
 public:
  NACRE_CONFIG(L1, Regularizer, l1)
  double l1 = 0.01;
  void validate() override { check_factor("L1", "l1", l1); }
  Tensor operator()(const Tensor& x) override { return l1 * ops::sum(ops::abs(x)); }
};

class L2 final : public Regularizer {
 public:
  NACRE_CONFIG(L2, Regularizer, l2)
  double l2 = 0.01;
  void validate() override { check_factor("L2", "l2", l2); }
  Tensor operator()(const Tensor& x) override { return l2 * ops::sum(ops::square(x)); }
};

class L1L2 final : public Regularizer {
 public:
  NACRE_CONFIG(L1L2, Regularizer, l1, l2)
  double l1 = 0;
  double l2 = 0;
  void validate() override {
    check_factor("L1L2", "l1", l1);
    check_factor("L1L2", "l2", l2);
  }
  Tensor operator()(const Tensor& x) override {
    Tensor penalty;
    if (l1 != 0) penalty = l1 * ops::sum(ops::abs(x));
    if (l2 != 0) {
      const Tensor squares = l2 * ops::sum(ops::square(x));
      penalty = penalty.defined() ? penalty + squares : squares;
    }
    return penalty.defined() ? penalty : ops::zeros({}, x.dtype());
  }
};

// The mean absolute cosine between different rows (or columns) of a matrix.
class OrthogonalRegularizer final : public Regularizer {
 public:
  NACRE_CONFIG(OrthogonalRegularizer, Regularizer, factor, mode)
  double factor = 0.01;
  std::string mode = "rows";
  void validate() override {
    check_factor("OrthogonalRegularizer", "factor", factor);
    if (mode != "rows" && mode != "columns") {
      value_error("OrthogonalRegularizer: expected mode 'rows' or 'columns', received '", mode,
                  "'");
    }
  }
  Tensor operator()(const Tensor& x) override {
    if (x.rank() != 2) {
      value_error("OrthogonalRegularizer: expected a matrix, received shape ", x.shape());
    }
    const bool rows = mode == "rows";
    const int64_t count = x.shape()[rows ? 0 : 1];
    const Tensor unit = ops::normalize(x, {rows ? 1 : 0});
    const Tensor cosines =
        rows ? ops::matmul(unit, unit, false, true) : ops::matmul(unit, unit, true);
    Tensor others(TensorSpec{DType::kFloat32, {count, count}});
    for (int64_t i = 0; i < count * count; ++i) {
      others.mutable_data<float>()[i] = i / count == i % count ? 0.0f : 1.0f;
    }
    const double pairs = static_cast<double>(count) * static_cast<double>(count - 1) / 2;
    return factor * 0.5 / pairs * ops::sum(ops::abs(cosines * ops::cast(others, x.dtype())));
  }
};

}  // namespace

void register_regularizers() {
  register_class<L1>();
  register_class<L2>();
  register_class<L1L2>();
  register_class<OrthogonalRegularizer>();
  ClassRegistry::of(Regularizer::kModule).add_alias("l1_l2", "L1L2");
}

}  // namespace nacre
