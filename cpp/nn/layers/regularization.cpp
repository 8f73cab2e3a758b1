#include "nacre/nn/layers/regularization.h"

#include <algorithm>
#include <cmath>

#include "nacre/ops/ops.h"
#include "nacre/ops/random.h"
#include "nn/registry.h"

namespace nacre {

std::vector<Field> NoiseLayer::fields() {
  std::vector<Field> all = UnaryLayer::fields();
  detail::append_fields(all, "seed", std::tie(seed));
  return all;
}

void NoiseLayer::validate() {
  UnaryLayer::validate();
  if (is_active()) {
    generator_ = make_ref<SeedGenerator>(seed);
    add_seed_generator(generator_);
  }
}

Tensor NoiseLayer::call(const Tensor& x, const CallContext& context) {
  if (!context.training || !is_active() || x.is_placeholder()) return x;
  return perturb(x, generator_->next());
}

void NoiseLayer::require_rate(double rate) const {
  if (!(rate >= 0 && rate <= 1)) {
    value_error(class_name(), ": expected 0 <= rate <= 1, received ", rate);
  }
}

namespace {

// Sizes for ops::random: -1 is the size of the input.
std::optional<IntList> noise_sizes(const std::optional<Shape>& shape) {
  if (!shape) return {};
  return IntList(shape->begin(), shape->end());
}

Shape noise_shape_of(const Tensor& x, const std::optional<Shape>& shape) {
  if (!shape) return x.shape();
  if (shape->rank() != x.rank()) {
    value_error("expected noise_shape of ", x.rank(), " sizes, received ", *shape,
                " (x: ", x.shape(), ")");
  }
  Shape out = *shape;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] < 0) out[i] = x.shape()[i];
  }
  return out;
}

void require_noise_shape(const std::optional<Shape>& shape, std::string_view name) {
  if (!shape) return;
  for (const int64_t dim : *shape) {
    if (dim == 0)
      value_error(name, ": expected noise_shape of sizes > 0 or None, received ", *shape);
  }
}

}  // namespace

void Dropout::validate() {
  require_rate(rate);
  require_noise_shape(noise_shape, class_name());
  NoiseLayer::validate();
}

Tensor Dropout::perturb(const Tensor& x, const Tensor& key) {
  noise_shape_of(x, noise_shape);
  return random::dropout(x, rate, key, noise_sizes(noise_shape));
}

template <int N>
std::vector<Field> SpatialDropout<N>::fields() {
  std::vector<Field> all = NoiseLayer::fields();
  detail::append_fields(all, "rate", std::tie(rate));
  if (N > 1) detail::append_fields(all, "data_format", std::tie(data_format));
  return all;
}

template <int N>
void SpatialDropout<N>::validate() {
  require_rate(rate);
  NoiseLayer::validate();
}

template <int N>
Tensor SpatialDropout<N>::perturb(const Tensor& x, const Tensor& key) {
  if (x.rank() != N + 2) {
    value_error("expected an input of rank ", N + 2, ", received shape ", x.shape());
  }
  IntList sizes(static_cast<size_t>(x.rank()), 1);
  sizes[0] = -1;
  sizes[static_cast<size_t>(N == 1 ? 2 : data_format.channel_axis(x.rank()))] = -1;
  return random::dropout(x, rate, key, sizes);
}

void GaussianNoise::validate() {
  if (!(stddev >= 0)) value_error("GaussianNoise: expected stddev >= 0, received ", stddev);
  NoiseLayer::validate();
}

Tensor GaussianNoise::perturb(const Tensor& x, const Tensor& key) {
  return x + random::normal(x.shape(), key, 0, stddev, x.dtype());
}

void GaussianDropout::validate() {
  if (!(rate >= 0 && rate < 1))
    value_error("GaussianDropout: expected 0 <= rate < 1, received ", rate);
  NoiseLayer::validate();
}

Tensor GaussianDropout::perturb(const Tensor& x, const Tensor& key) {
  return x * random::normal(x.shape(), key, 1, std::sqrt(rate / (1 - rate)), x.dtype());
}

void AlphaDropout::validate() {
  require_rate(rate);
  if (rate == 1) value_error("AlphaDropout: expected rate < 1, received 1");
  require_noise_shape(noise_shape, class_name());
  NoiseLayer::validate();
}

Tensor AlphaDropout::perturb(const Tensor& x, const Tensor& key) {
  // What dropped elements become: selu's limit for x to -inf, -scale * alpha.
  constexpr double kLimit = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717;
  const Tensor draw = random::uniform(noise_shape_of(x, noise_shape), key, 0, 1, DType::kFloat32);
  const Tensor kept = ops::cast(ops::greater_equal(draw, ops::scalar(rate)), x.dtype());
  // a * (x or limit) + b has mean 0 and variance 1 again.
  const double a = 1 / std::sqrt((1 - rate) * (1 + rate * kLimit * kLimit));
  const double b = -a * kLimit * rate;
  return (x * kept + (1.0 - kept) * kLimit) * a + b;
}

Tensor ActivityRegularization::call(const Tensor& x, const CallContext& context) {
  if (x.is_placeholder() || (l1 == 0 && l2 == 0)) return x;
  Tensor penalty;
  if (l1 != 0) penalty = ops::sum(ops::abs(x)) * l1;
  if (l2 != 0) {
    const Tensor squares = ops::sum(ops::square(x)) * l2;
    penalty = penalty.defined() ? penalty + squares : squares;
  }
  add_loss(penalty / static_cast<double>(std::max<int64_t>(x.rank() ? x.shape()[0] : 1, 1)));
  return x;
}

void register_regularization_layers() {
  register_class<Dropout>();
  register_class<SpatialDropout<1>>();
  register_class<SpatialDropout<2>>();
  register_class<SpatialDropout<3>>();
  register_class<GaussianNoise>();
  register_class<GaussianDropout>();
  register_class<AlphaDropout>();
  register_class<ActivityRegularization>();
}

}  // namespace nacre
