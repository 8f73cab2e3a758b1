// Layers that act in training only: dropout, noise, penalties.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// A layer that draws random numbers in training.
class NoiseLayer : public UnaryLayer {
 public:
  std::optional<int64_t> seed;

  std::vector<Field> fields() override;
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) final;

 protected:
  bool passes_masks() const override { return true; }
  // Whether there is anything to draw (rate > 0).
  virtual bool is_active() const = 0;
  virtual Tensor perturb(const Tensor& x, const Tensor& key) = 0;
  void require_rate(double rate) const;  // ValueError unless in [0, 1]

 private:
  Ref<SeedGenerator> generator_;
};

class Dropout final : public NoiseLayer {
 public:
  double rate = 0;
  std::optional<Shape> noise_shape;  // unknown dimensions are those of the input

  NACRE_CONFIG(Dropout, NoiseLayer, rate, noise_shape)
  void validate() override;

 protected:
  bool is_active() const override { return rate > 0; }
  Tensor perturb(const Tensor& x, const Tensor& key) override;
};

// Drops whole channels.
template <int N>
class SpatialDropout final : public NoiseLayer {
 public:
  double rate = 0;
  DataFormatField data_format;

  std::string_view class_name() const override {
    return N == 1 ? "SpatialDropout1D" : N == 2 ? "SpatialDropout2D" : "SpatialDropout3D";
  }
  std::vector<Field> fields() override;
  void validate() override;

 protected:
  bool is_active() const override { return rate > 0; }
  Tensor perturb(const Tensor& x, const Tensor& key) override;
};

class GaussianNoise final : public NoiseLayer {
 public:
  double stddev = 0;

  NACRE_CONFIG(GaussianNoise, NoiseLayer, stddev)
  void validate() override;

 protected:
  bool is_active() const override { return stddev > 0; }
  Tensor perturb(const Tensor& x, const Tensor& key) override;
};

// Multiplies by a normal with mean 1 and the variance of dropout.
class GaussianDropout final : public NoiseLayer {
 public:
  double rate = 0;

  NACRE_CONFIG(GaussianDropout, NoiseLayer, rate)
  void validate() override;

 protected:
  bool is_active() const override { return rate > 0; }
  Tensor perturb(const Tensor& x, const Tensor& key) override;
};

// Keeps mean and variance of inputs that follow selu (Klambauer et al. 2017, section 3).
class AlphaDropout final : public NoiseLayer {
 public:
  double rate = 0;
  std::optional<Shape> noise_shape;

  NACRE_CONFIG(AlphaDropout, NoiseLayer, rate, noise_shape)
  void validate() override;

 protected:
  bool is_active() const override { return rate > 0; }
  Tensor perturb(const Tensor& x, const Tensor& key) override;
};

// Passes its input on and adds l1 * sum|x| + l2 * sum x^2 to the loss.
class ActivityRegularization final : public UnaryLayer {
 public:
  double l1 = 0;
  double l2 = 0;

  NACRE_CONFIG(ActivityRegularization, UnaryLayer, l1, l2)
  Tensor call(const Tensor& x, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

}  // namespace nacre
