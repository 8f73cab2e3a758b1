// Initializers that draw from one distribution, and orthogonal matrices.
#include "nn/initializers/random.h"

#include "nacre/ops/linalg.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> RandomInitializer::fields() {
  std::vector<Field> all;
  detail::append_fields(all, "seed", std::tie(seed_));
  return all;
}

void RandomInitializer::validate() {
  // A default seed is drawn when it is needed: an initializer that is never called draws none.
  if (seed_.is_null()) return;
  if (seed_.is_handle()) {
    auto* generator = dynamic_cast<SeedGenerator*>(seed_.as_handle().get());
    if (!generator)
      type_error(class_name(), ": expected seed to be an int, a SeedGenerator or None");
    generator_ = Ref<SeedGenerator>(generator);
  } else if (seed_.is_object()) {
    const Json& seed = seed_.at("config").at("seed");
    generator_ = make_ref<SeedGenerator>(seed.is_null() ? std::optional<int64_t>()
                                                        : std::optional(seed.as_int("seed")));
  } else {
    seed_.as_int("seed");
  }
}

Tensor RandomInitializer::key() {
  if (generator_) return generator_->next();
  if (!seed_.is_null()) return make_seed(static_cast<uint64_t>(seed_.as_int("seed")));
  if (!drawn_) drawn_ = next_default_seed() >> 1;
  return make_seed(*drawn_);
}

namespace {

class RandomNormal final : public RandomInitializer {
 public:
  NACRE_CONFIG(RandomNormal, RandomInitializer, mean, stddev)
  double mean = 0;
  double stddev = 0.05;
  Tensor operator()(const Shape& shape, DType dtype) override {
    return random::normal(shape, key(), mean, stddev, dtype);
  }
};

class TruncatedNormal final : public RandomInitializer {
 public:
  NACRE_CONFIG(TruncatedNormal, RandomInitializer, mean, stddev)
  double mean = 0;
  double stddev = 0.05;
  Tensor operator()(const Shape& shape, DType dtype) override {
    return random::truncated_normal(shape, key(), mean, stddev, dtype);
  }
};

class RandomUniform final : public RandomInitializer {
 public:
  NACRE_CONFIG(RandomUniform, RandomInitializer, minval, maxval)
  double minval = -0.05;
  double maxval = 0.05;
  Tensor operator()(const Shape& shape, DType dtype) override {
    return random::uniform(shape, key(), minval, maxval, dtype);
  }
};

// Saxe, McClelland and Ganguli 2014.
class Orthogonal final : public RandomInitializer {
 public:
  NACRE_CONFIG(Orthogonal, RandomInitializer, gain)
  double gain = 1;

  Tensor operator()(const Shape& shape, DType dtype) override {
    if (shape.rank() < 2) {
      value_error("Orthogonal: expected a shape of rank 2 or more, received ", shape);
    }
    const int64_t cols = shape.back();
    const int64_t rows = cols ? shape.size() / cols : 0;
    if (rows == 0 || cols == 0) return ops::zeros(shape, dtype);
    const int64_t tall = std::max(rows, cols), wide = std::min(rows, cols);
    // Its columns are orthogonal; a uniform distribution needs the signs of R's diagonal (Mezzadri
    // 2007).
    const auto [q, r] = ops::qr(random::normal({tall, wide}, key(), 0, 1, DType::kFloat32));
    Tensor signs(TensorSpec{DType::kFloat32, {wide}});
    for (int64_t i = 0; i < wide; ++i) {
      signs.mutable_data<float>()[i] = r.data<float>()[i * wide + i] < 0 ? -1.0f : 1.0f;
    }
    Tensor matrix = q * signs;
    if (rows < cols) matrix = ops::transpose(matrix);
    return ops::cast(gain * ops::reshape(matrix, shape), dtype);
  }
};

}  // namespace

void register_random_initializers() {
  register_class<RandomNormal>();
  register_class<TruncatedNormal>();
  register_class<RandomUniform>();
  register_class<Orthogonal>();
}

}  // namespace nacre
