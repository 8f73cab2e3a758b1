// Layers on images: resizing and cropping, and random changes in training.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"
#include "nacre/ops/image.h"

namespace nacre {

// The first input is an image (height, width, channels) or a batch of them. Further ones follow it:
// those of the same rank are masks of its pixels, the others labels.
class ImageLayer : public Layer {
 public:
  DataFormatField data_format;

  std::vector<Field> fields() override;
  Tensors call(const Tensors& inputs, const CallContext& context) final;

  // The steps of a call, for layers made of others too; all see batches with the channels last.
  // What is drawn once for images, masks and labels.
  virtual Tensors draw(const Tensor& images, const CallContext& context) { return {}; }
  virtual Tensor transform_images(const Tensor& images, const Tensors& drawn) = 0;
  virtual Tensor transform_masks(const Tensor& masks, const Tensors& drawn) { return masks; }
  virtual Tensor transform_labels(const Tensor& labels, const Tensors& drawn) { return labels; }

 protected:
  virtual bool is_active(const CallContext& context) const { return true; }
  virtual bool keeps_dtype() const { return false; }  // else images become the compute dtype
  virtual Shape output_shape(const Shape& images) const { return images; }
};

class Resizing final : public ImageLayer {
 public:
  int64_t height = 0, width = 0;
  std::string interpolation = "bilinear";
  bool crop_to_aspect_ratio = false, pad_to_aspect_ratio = false;
  std::string fill_mode = "constant";
  double fill_value = 0;
  bool antialias = false;

  NACRE_CONFIG(Resizing, ImageLayer, height, width, interpolation, crop_to_aspect_ratio,
               pad_to_aspect_ratio, fill_mode, fill_value, antialias)
  void validate() override;

 protected:
  bool keeps_dtype() const override { return true; }
  Shape output_shape(const Shape& images) const override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override;

 private:
  Tensor resized(const Tensor& images, const std::string& how) const;
};

// The middle of images; smaller ones are enlarged first.
class CenterCrop final : public ImageLayer {
 public:
  int64_t height = 0, width = 0;

  NACRE_CONFIG(CenterCrop, ImageLayer, height, width)
  void validate() override;

 protected:
  Shape output_shape(const Shape& images) const override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override;
};

// A layer that draws random numbers in training, and passes images on elsewhere.
class RandomImageLayer : public ImageLayer {
 public:
  std::optional<int64_t> seed;

  std::vector<Field> fields() override;
  void validate() override;
  // Draws from the generator of another layer, of which this one is a part.
  void share_generator(const RandomImageLayer& whole) { generator_ = whole.generator_; }

 protected:
  bool is_active(const CallContext& context) const override { return context.training; }
  // One number in [low, high) an image, of shape (batch, ones...).
  Tensor uniform(const Tensor& images, double low, double high, int rank = 1);
  Tensor next_key() { return generator_->next(); }

 private:
  Ref<SeedGenerator> generator_;
};

// (low, high) from one number (-f, f), or from two in any order, within bounds. ValueError.
void normalize_factor(FloatList& factor, double lowest, double highest, std::string_view layer,
                      std::string_view name);

class RandomFlip final : public RandomImageLayer {
 public:
  std::string mode = "horizontal_and_vertical";  // "horizontal", "vertical"

  NACRE_CONFIG(RandomFlip, RandomImageLayer, mode)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return transform_images(masks, drawn);
  }
};

// Affine maps: draw() gives one (8,) an image.
class RandomAffineLayer : public RandomImageLayer {
 public:
  std::string fill_mode = "reflect";
  std::string interpolation = "bilinear";
  double fill_value = 0;

  std::vector<Field> fields() override;
  void validate() override;

 protected:
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override;
};

class RandomRotation final : public RandomAffineLayer {
 public:
  FloatList factor;  // shares of a full turn

  NACRE_CONFIG(RandomRotation, RandomAffineLayer, factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
};

class RandomZoom final : public RandomAffineLayer {
 public:
  Json height_factor, width_factor;  // kept as given; without the second, that of the first

  NACRE_CONFIG(RandomZoom, RandomAffineLayer, height_factor, width_factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;

 private:
  FloatList height_, width_;
};

class RandomTranslation final : public RandomAffineLayer {
 public:
  Json height_factor, width_factor;

  NACRE_CONFIG(RandomTranslation, RandomAffineLayer, height_factor, width_factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;

 private:
  FloatList height_, width_;
};

class RandomShear final : public RandomAffineLayer {
 public:
  FloatList x_factor = {0.0}, y_factor = {0.0};  // slopes

  NACRE_CONFIG(RandomShear, RandomAffineLayer, x_factor, y_factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
};

// Some images seen at a slant: three corners moved towards or away from the first.
class RandomPerspective final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};  // probability
  double scale = 1;
  std::string interpolation = "bilinear";
  double fill_value = 0;

  NACRE_CONFIG(RandomPerspective, RandomImageLayer, factor, scale, interpolation, fill_value)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override;
};

// Some images with their pixels moved, neighbours alike (Simard et al. 2003).
class RandomElasticTransform final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};  // probability
  FloatList scale = {1.0};   // strength, the same for a batch
  std::string interpolation = "bilinear";
  std::string fill_mode = "reflect";
  double fill_value = 0;
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomElasticTransform, RandomImageLayer, factor, scale, interpolation, fill_mode,
               fill_value, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override;

 private:
  Tensor moved(const Tensor& images, const Tensors& drawn, const std::string& how) const;
};

// A window of the images at a random place; the middle one outside training.
class RandomCrop final : public RandomImageLayer {
 public:
  int64_t height = 0, width = 0;

  NACRE_CONFIG(RandomCrop, RandomImageLayer, height, width)
  void validate() override;

 protected:
  bool is_active(const CallContext& context) const override { return true; }
  Shape output_shape(const Shape& images) const override;
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return transform_images(masks, drawn);
  }
};

class RandomContrast final : public RandomImageLayer {
 public:
  FloatList factor;
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomContrast, RandomImageLayer, factor, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomBrightness final : public RandomImageLayer {
 public:
  FloatList factor;
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomBrightness, RandomImageLayer, factor, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomGrayscale final : public RandomImageLayer {
 public:
  double factor = 0.5;

  NACRE_CONFIG(RandomGrayscale, RandomImageLayer, factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

class RandomInvert final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomInvert, RandomImageLayer, factor, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
};

// A rectangle of each image filled with noise or one value.
class RandomErasing final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};        // probability
  FloatList scale = {0.02, 0.33};  // share of the area
  Json fill_value;                 // a number, one a channel, or none: noise
  FloatList value_range = {0.0, 255.0};

  NACRE_CONFIG(RandomErasing, RandomImageLayer, factor, scale, fill_value, value_range)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;

 private:
  Tensor filling(const Tensor& images);
};

// Zhang et al. 2018: images and labels mixed with those of another of the batch.
class MixUp final : public RandomImageLayer {
 public:
  double alpha = 0.2;

  NACRE_CONFIG(MixUp, RandomImageLayer, alpha)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return transform_images(masks, drawn);
  }
  Tensor transform_labels(const Tensor& labels, const Tensors& drawn) override;
};

// Yun et al. 2019: a rectangle of another image of the batch, labels mixed by its area.
class CutMix final : public RandomImageLayer {
 public:
  FloatList factor = {1.0};

  NACRE_CONFIG(CutMix, RandomImageLayer, factor)
  void validate() override;

 protected:
  Tensors draw(const Tensor& images, const CallContext& context) override;
  Tensor transform_images(const Tensor& images, const Tensors& drawn) override;
  Tensor transform_masks(const Tensor& masks, const Tensors& drawn) override {
    return transform_images(masks, drawn);
  }
  Tensor transform_labels(const Tensor& labels, const Tensors& drawn) override;
};

}  // namespace nacre
