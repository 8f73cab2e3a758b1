#include "nacre/nn/layers/augmentation_policy.h"

#include <algorithm>

#include "nacre/nn/layers/augmentation_color.h"
#include "nacre/nn/layers/augmentation_tone.h"
#include "nacre/ops/random.h"
#include "nacre/ops/recorder.h"
#include "nn/layers/augmentation_parts.h"

namespace nacre {
namespace {

// The most tensors that one of the layers draws; the others' are filled up with undefined ones.
constexpr size_t kMostDrawn = 2;

constexpr size_t kWithoutColours = 7;  // layers that take any channels

// Whether numbers can be read now: what a step records has to hold for every draw.
bool values_are_known() {
  const auto& recorders = active_recorders();
  return std::all_of(recorders.begin(), recorders.end(),
                     [](const Recorder* r) { return r->is_gradient_tape(); });
}

void require_at_least(int64_t value, int64_t least, std::string_view layer, std::string_view name) {
  if (value < least) {
    value_error(layer, ": expected ", name, " of at least ", least, ", received ", value);
  }
}

}  // namespace

std::vector<Field> RandomPolicyLayer::fields() {
  std::vector<Field> all = RandomImageLayer::fields();
  detail::append_fields(all, "value_range, factor, interpolation",
                        std::tie(value_range, factor, interpolation));
  return all;
}

void RandomPolicyLayer::make_layers(bool all) {
  normalize_factor(factor, 0, 1, class_name(), "factor");
  require_range(value_range, class_name());
  require_interpolation(interpolation, class_name());
  RandomImageLayer::validate();
  layers_.clear();
  const auto add = [&]<class L>(Ref<L> layer, const auto&... settings) {
    Json config = Json::object({{"name", name()}, settings...});
    if constexpr (std::is_base_of_v<RandomImageLayer, L>) config["seed"] = 0;
    layer->configure(config);
    if constexpr (std::is_base_of_v<RandomImageLayer, L>) layer->share_generator(*this);
    layers_.push_back(std::move(layer));
  };
  using Setting = Json::Member;
  const auto strength = [&](const char* of) { return Setting{of, Json::array_of(factor)}; };
  const Setting range{"value_range", Json::array_of(value_range)};
  const Setting how{"interpolation", interpolation};
  const auto bits = std::max<int64_t>(1, static_cast<int64_t>(8 * factor[1]));
  add(make_ref<RandomShear>(), strength("x_factor"), strength("y_factor"), how);
  add(make_ref<RandomTranslation>(), strength("height_factor"), strength("width_factor"), how);
  add(make_ref<RandomRotation>(), strength("factor"), how);
  add(make_ref<RandomPosterization>(), Setting{"factor", bits}, range);
  add(make_ref<Solarization>(), strength("addition_factor"), strength("threshold_factor"), range);
  add(make_ref<AutoContrast>(), range);
  add(make_ref<Equalization>(), range);
  if (!all) return;
  add(make_ref<RandomBrightness>(), strength("factor"), range);
  add(make_ref<RandomColorDegeneration>(), strength("factor"), range);
  add(make_ref<RandomContrast>(), strength("factor"), range);
  add(make_ref<RandomSharpness>(), strength("factor"), range);
}

size_t RandomPolicyLayer::draws_per_choice() const {
  return layers_.size() * kMostDrawn;
}

void RandomPolicyLayer::draw_all(const Tensor& images, const CallContext& context, Tensors& drawn) {
  // Whether images fit shall not depend on what is drawn.
  const int64_t channels = images.shape()[3];
  if (layers_.size() > kWithoutColours && channels != 1 && channels != 3) {
    value_error("expected images of 1 or 3 channels, received ", channels);
  }
  for (const Ref<ImageLayer>& layer : layers_) {
    Tensors own = layer->draw(images, context);
    own.resize(kMostDrawn);
    drawn.insert(drawn.end(), own.begin(), own.end());
  }
}

Tensor RandomPolicyLayer::chosen(const Tensor& x, const Tensor& choice, const Tensors& drawn,
                                 size_t at, bool masks) const {
  const auto changed = [&](size_t i) {
    const auto first = drawn.begin() + static_cast<int64_t>(at + i * kMostDrawn);
    const Tensors own(first, first + kMostDrawn);
    return masks ? layers_[i]->transform_masks(x, own) : layers_[i]->transform_images(x, own);
  };
  if (values_are_known()) {
    const auto i = static_cast<size_t>(choice.item_int());
    return i < layers_.size() ? changed(i) : x;
  }
  Tensor y = x;
  for (size_t i = 0; i < layers_.size(); ++i) {
    y = ops::where(ops::equal(choice, ops::scalar(static_cast<double>(i))), changed(i), y);
  }
  return y;
}

void RandAugment::validate() {
  require_at_least(num_ops, 0, class_name(), "num_ops");
  make_layers(true);
}

Tensors RandAugment::draw(const Tensor& images, const CallContext& context) {
  Tensors drawn = {random::randint({num_ops}, 0, count(), next_key())};
  draw_all(images, context, drawn);  // as in Keras a layer that is chosen twice acts twice alike
  return drawn;
}

Tensor RandAugment::changed(const Tensor& x, const Tensors& drawn, bool masks) const {
  Tensor y = x;
  for (int64_t i = 0; i < num_ops; ++i) {
    y = chosen(y, ops::slice_axis(drawn[0], 0, i, 1), drawn, 1, masks);
  }
  return y;
}

void AugMix::validate() {
  require_at_least(num_chains, 1, class_name(), "num_chains");
  require_at_least(chain_depth, 0, class_name(), "chain_depth");
  if (!(alpha > 0)) value_error("AugMix: expected alpha > 0, received ", alpha);
  make_layers(all_ops);
}

// The weights of the chains, that of the images, the choices, and what their layers draw.
Tensors AugMix::draw(const Tensor& images, const CallContext& context) {
  const Tensor a = ops::full({}, alpha);
  const Tensor shares = random::gamma({num_chains}, a, next_key(), DType::kFloat32);
  const Tensor weight = random::beta({}, a, a, next_key(), DType::kFloat32);
  const int64_t choices = num_chains * chain_depth;
  Tensors drawn = {shares / ops::sum(shares), weight,
                   random::randint({choices}, 0, count() + 1, next_key())};
  for (int64_t i = 0; i < choices; ++i) draw_all(images, context, drawn);
  return drawn;
}

Tensor AugMix::mixed(const Tensor& x, const Tensors& drawn, bool masks) const {
  Tensor sum;
  for (int64_t chain = 0; chain < num_chains; ++chain) {
    Tensor y = x;
    for (int64_t depth = 0; depth < chain_depth; ++depth) {
      const int64_t i = chain * chain_depth + depth;
      const size_t at = 3 + static_cast<size_t>(i) * draws_per_choice();
      y = chosen(y, ops::slice_axis(drawn[2], 0, i, 1), drawn, at, masks);
    }
    const Tensor share = ops::cast(ops::slice_axis(drawn[0], 0, chain, 1), x.dtype());
    sum = sum.defined() ? sum + y * share : y * share;
  }
  const Tensor weight = ops::cast(drawn[1], x.dtype());
  return weight * x + (1.0 - weight) * sum;
}

Tensor AugMix::transform_images(const Tensor& images, const Tensors& drawn) {
  return ops::clip(mixed(images, drawn, false), value_range[0], value_range[1]);
}

}  // namespace nacre
