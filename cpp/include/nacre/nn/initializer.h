// Initializers: the values weights begin with.
#pragma once

#include "nacre/nn/configurable.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

class Initializer : public Configurable {
 public:
  static constexpr std::string_view kModule = "initializers";
  std::string_view module() const override { return kModule; }
  virtual Tensor operator()(const Shape& shape, DType dtype) = 0;
};

// A penalty added to the loss: a scalar of the weight's or output's value.
class Regularizer : public Configurable {
 public:
  static constexpr std::string_view kModule = "regularizers";
  std::string_view module() const override { return kModule; }
  virtual Tensor operator()(const Tensor& x) = 0;
};

// A projection of a weight after each update.
class Constraint : public Configurable {
 public:
  static constexpr std::string_view kModule = "constraints";
  std::string_view module() const override { return kModule; }
  virtual Tensor operator()(const Tensor& weight) = 0;
};

}  // namespace nacre
