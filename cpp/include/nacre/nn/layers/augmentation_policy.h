// Policies: several layers on images, chosen at random anew for each batch.
#pragma once

#include "nacre/nn/layers/augmentation.h"

namespace nacre {

// What policies share: the layers that are chosen from, and their strength.
class RandomPolicyLayer : public RandomImageLayer {
 public:
  FloatList value_range = {0.0, 255.0};
  FloatList factor;  // strength
  std::string interpolation = "bilinear";

  std::vector<Field> fields() override;

 protected:
  // Makes the layers: all, or those that neither change colours nor sharpness.
  void make_layers(bool all);
  int64_t count() const { return static_cast<int64_t>(layers_.size()); }
  // What every layer draws for one choice, one after the other.
  void draw_all(const Tensor& images, const CallContext& context, Tensors& drawn);
  // x as the layer numbered `choice` (an int32 of one element; count(): none) changes it by what
  // was drawn from drawn[at] on.
  Tensor chosen(const Tensor& x, const Tensor& choice, const Tensors& drawn, size_t at,
                bool masks) const;
  size_t draws_per_choice() const;

 private:
  std::vector<Ref<ImageLayer>> layers_;
};

// Cubuk et al. 2019: a few layers in a row, the same for a batch.
class RandAugment final : public RandomPolicyLayer {
 public:
  int64_t num_ops = 2;

  RandAugment() { factor = {0.5}; }
  NACRE_CONFIG(RandAugment, RandomPolicyLayer, num_ops)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override {
    return changed(images, drawn, false);
  }
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return changed(masks, drawn, true);
  }

 private:
  Tensor changed(const Tensor& x, const Tensors& drawn, bool masks) const;
};

// Hendrycks et al. 2019: a mixture of the images and of several chains of layers.
class AugMix final : public RandomPolicyLayer {
 public:
  int64_t num_chains = 3;
  int64_t chain_depth = 3;
  double alpha = 1;  // of the Dirichlet and beta distributions of the weights
  bool all_ops = true;

  AugMix() { factor = {0.3}; }
  NACRE_CONFIG(AugMix, RandomPolicyLayer, num_chains, chain_depth, alpha, all_ops)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return mixed(ops::cast(masks, compute_dtype()), drawn, true);
  }

 private:
  Tensor mixed(const Tensor& x, const Tensors& drawn, bool masks) const;
};

}  // namespace nacre
