// Sequential: layers applied one after the other.
#pragma once

#include "nacre/nn/layer.h"

namespace nacre {

class Sequential final : public Layer {
 public:
  Sequential() = default;
  explicit Sequential(const std::vector<Ref<Layer>>& layers, std::string name = {});

  NACRE_CONFIG(Sequential, Layer, layers, build_input_shape_)
  std::string_view module() const override { return "models"; }

  void add(Ref<Layer> layer);
  void pop();  // RuntimeError when there is none
  // An InputLayer at the front gives the input's shape: the model is built at once.
  using Layer::build;
  void build(const std::vector<Shape>& input_shapes) override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;
  void validate() override;
  bool takes_mask() const override { return true; }

  // Of a built model: the placeholders at its ends, for models cut from it.
  const Tensors& inputs() const { return inputs_; }
  const Tensors& outputs() const { return outputs_; }

  std::vector<Ref<Layer>> layers;  // with the InputLayer, if any; change by add() and pop()

 private:
  Tensors inputs_, outputs_;
  std::optional<Shape> build_input_shape_;
};

// A layer, model or operation from its serialized form.
Ref<Layer> deserialize_layer(const Json& json);
// Layers in a configuration: a list of serialized layers.
void read_field(std::vector<Ref<Layer>>& field, const Json& json, std::string_view what);
Json write_field(const std::vector<Ref<Layer>>& field);

// Where a model's input begins: a shape (without the batch) and a dtype.
class InputLayer final : public UnaryLayer {
 public:
  Shape batch_shape;  // batch axis first; unknown dimensions are allowed
  DType input_dtype = floatx();
  bool optional = false;  // may be left out of a call of the model

  std::string_view class_name() const override { return "InputLayer"; }
  std::vector<Field> fields() override;
  void validate() override;
  Tensor call(const Tensor& x, const CallContext& context) override;
  // What Input() gives: a tensor without data that remembers this layer.
  Tensor placeholder();
};

}  // namespace nacre
