// Random changes of colours and sharpness.
#pragma once

#include "nacre/nn/layers/augmentation.h"

namespace nacre {

// What they share: a factor drawn for each image, and the range of a pixel's values.
class RandomColorLayer : public RandomImageLayer {
 public:
  FloatList factor;
  FloatList value_range = {0.0, 255.0};

  std::vector<Field> fields() override;
  void validate() override;

 protected:
  virtual double lowest() const { return 0; }  // bound of the factor
  Tensors draw(const Tensor& images, const CallContext& context) override;
};

class RandomSaturation final : public RandomColorLayer {
 public:
  std::string_view class_name() const override { return "RandomSaturation"; }

 protected:
  double lowest() const override { return -1; }
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomHue final : public RandomColorLayer {
 public:
  std::string_view class_name() const override { return "RandomHue"; }

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomColorDegeneration final : public RandomColorLayer {
 public:
  std::string_view class_name() const override { return "RandomColorDegeneration"; }

 protected:
  double lowest() const override { return -1; }
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomSharpness final : public RandomColorLayer {
 public:
  std::string_view class_name() const override { return "RandomSharpness"; }

 protected:
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomGaussianBlur final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};  // probability
  IntList kernel_size = {3};
  FloatList sigma = {1.0};
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomGaussianBlur, RandomImageLayer, factor, kernel_size, sigma, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// Brightness, contrast, saturation and hue in turn; those without a factor are left alone.
class RandomColorJitter final : public RandomImageLayer {
 public:
  FloatList value_range = {0.0, 255.0};
  Json brightness_factor, contrast_factor, saturation_factor, hue_factor;  // kept as given

  NACRE_CONFIG(RandomColorJitter, RandomImageLayer, value_range, brightness_factor, contrast_factor,
               saturation_factor, hue_factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;

 private:
  FloatList brightness_, contrast_, saturation_, hue_;  // empty: left alone
};

}  // namespace nacre
