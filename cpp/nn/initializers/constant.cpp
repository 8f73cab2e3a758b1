// Initializers that draw nothing.
#include "nacre/nn/initializer.h"
#include "nacre/ops/ops.h"
#include "nn/initializers/random.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class Zeros final : public Initializer {
 public:
  std::string_view class_name() const override { return "Zeros"; }
  Tensor operator()(const Shape& shape, DType dtype) override { return ops::zeros(shape, dtype); }
};

class Ones final : public Initializer {
 public:
  std::string_view class_name() const override { return "Ones"; }
  Tensor operator()(const Shape& shape, DType dtype) override { return ops::ones(shape, dtype); }
};

// A number, or nested lists of numbers that broadcast to the shape.
class Constant final : public Initializer {
 public:
  NACRE_CONFIG(Constant, Initializer, value)
  Json value{0.0};

  Tensor operator()(const Shape& shape, DType dtype) override {
    std::vector<double> flat;
    Shape own;
    flatten(value, 0, flat, own);
    const Tensor values = ops::cast(Tensor::from<double>(flat, own), dtype);
    return values.shape() == shape ? values : ops::broadcast_to(values, shape);
  }

 private:
  static void flatten(const Json& json, int depth, std::vector<double>& flat, Shape& shape) {
    if (!json.is_array()) {
      if (shape.rank() != depth) value_error("Constant: expected nested lists of equal lengths");
      flat.push_back(json.is_bool() ? json.as_bool() : json.as_double("value"));
      return;
    }
    const auto length = static_cast<int64_t>(json.size());
    const bool first = shape.rank() == depth && flat.empty();
    if (first) shape.push_back(length);
    if (shape.rank() <= depth || shape[depth] != length) {
      value_error("Constant: expected nested lists of equal lengths");
    }
    for (const Json& item : json.as_array()) flatten(item, depth + 1, flat, shape);
  }
};

class Identity final : public Initializer {
 public:
  NACRE_CONFIG(Identity, Initializer, gain)
  double gain = 1;

  Tensor operator()(const Shape& shape, DType dtype) override {
    if (shape.rank() != 2) {
      value_error("Identity: expected a shape of rank 2, received ", shape);
    }
    Tensor eye = ops::zeros(shape, DType::kFloat64).clone();
    const int64_t n = std::min(shape[0], shape[1]);
    for (int64_t i = 0; i < n; ++i) eye.mutable_data<double>()[i * shape[1] + i] = gain;
    return ops::cast(eye, dtype);
  }
};

}  // namespace

void register_initializers() {
  register_class<Zeros>();
  register_class<Ones>();
  register_class<Constant>();
  register_class<Identity>();
  register_random_initializers();
  register_variance_scaling();
  ClassRegistry& registry = ClassRegistry::of(Initializer::kModule);
  registry.add_alias("zero", "Zeros");
  registry.add_alias("one", "Ones");
  registry.add_alias("IdentityInitializer", "Identity");
  registry.add_alias("OrthogonalInitializer", "Orthogonal");
  registry.add_alias("uniform", "RandomUniform");
  registry.add_alias("normal", "RandomNormal");
}

}  // namespace nacre
