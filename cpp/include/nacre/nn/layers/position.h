// Where in its sequence an element stands: learned, sinusoidal and rotary encodings, with the names
// and arguments of KerasHub. Sequences run along the last axis but one, unless told otherwise.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

// Rows of a learned table, shaped as the input.
class PositionEmbedding final : public Layer {
 public:
  int64_t sequence_length = 0;
  Ref<Initializer> initializer = deserialize_as<Initializer>("initializers", "GlorotUniform");

  NACRE_CONFIG(PositionEmbedding, Layer, sequence_length, initializer)
  void validate() override;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }

 private:
  VariableRef embeddings_;
};

// Sines and cosines of the position at wavelengths from 2 pi to max_wavelength 2 pi.
class SinePositionEncoding final : public Layer {
 public:
  double max_wavelength = 10000;

  NACRE_CONFIG(SinePositionEncoding, Layer, max_wavelength)
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

// The input with each pair (i, i + half) of its features turned by an angle that grows with the
// position.
class RotaryEmbedding final : public Layer {
 public:
  double max_wavelength = 10000;
  double scaling_factor = 1;
  int64_t sequence_axis = 1;
  int64_t feature_axis = -1;

  NACRE_CONFIG(RotaryEmbedding, Layer, max_wavelength, scaling_factor, sequence_axis, feature_axis)
  void validate() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 protected:
  bool passes_masks() const override { return true; }
};

}  // namespace nacre
