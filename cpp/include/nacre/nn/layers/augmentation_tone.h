// The tones of images: contrast stretched, histograms evened out, tones turned over or left out.
#pragma once

#include "nacre/nn/layers/augmentation.h"

namespace nacre {

// Each channel of each image stretched over the range of values.
class AutoContrast final : public ImageLayer {
 public:
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(AutoContrast, ImageLayer, value_range)
  void validate() override;

 protected:
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// Tones moved so that all are as frequent as possible; the histogram is that of a channel of the
// batch, as in Keras.
class Equalization final : public ImageLayer {
 public:
  FloatList value_range = {0.0, 255.0};
  int64_t bins = 256;

  NACRE_CONFIG(Equalization, ImageLayer, value_range, bins)
  void validate() override;

 protected:
  bool is_active(const CallContext& context) const override { return context.training; }
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// Zuiderveld 1994: histograms of tiles evened out, with a limit to how far a tone's share counts;
// between the middles of tiles their maps are interpolated.
class ContrastLimitedAdaptiveHistogramEqualization final : public ImageLayer {
 public:
  FloatList value_range = {0.0, 255.0};
  double clip_limit = 4;  // times the mean share; none unless > 0
  IntList tile_grid_size = {8, 8};

  NACRE_CONFIG(ContrastLimitedAdaptiveHistogramEqualization, ImageLayer, value_range, clip_limit,
               tile_grid_size)
  void validate() override;

 protected:
  bool keeps_dtype() const override { return true; }
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// The negative of the tones above a threshold.
class Solarization final : public RandomImageLayer {
 public:
  FloatList addition_factor = {0.0}, threshold_factor = {0.0};
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(Solarization, RandomImageLayer, addition_factor, threshold_factor, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// The last bits of 8 left out.
class RandomPosterization final : public RandomImageLayer {
 public:
  FloatList factor;  // bits that stay
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomPosterization, RandomImageLayer, factor, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

void register_tone_layers();

}  // namespace nacre
