// Activation functions by name, and functions of the caller's own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "nacre/nn/configurable.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// A function tensor -> tensor that configurations can hold; made by bindings and C++ users.
struct FunctionHandle final : RefCounted {
  explicit FunctionHandle(std::function<Tensor(const Tensor&)> f, Json json = {})
      : function(std::move(f)), serialized(std::move(json)) {}
  std::function<Tensor(const Tensor&)> function;
  // The same function called with (shape, dtype), where it may serve as an initializer.
  std::function<Tensor(const Shape&, DType)> initialize;
  Json serialized;  // how it is written to a file; null: it cannot be
};

class Activation {
 public:
  Activation() = default;                      // linear
  explicit Activation(std::string_view name);  // ValueError for an unknown name
  explicit Activation(Ref<FunctionHandle> handle) : handle_(std::move(handle)) {}

  Tensor operator()(const Tensor& x) const;
  const std::string& name() const { return name_; }
  bool is_linear() const { return !handle_ && name_ == "linear"; }
  Json json() const;
  static std::vector<std::string> names();

 private:
  std::string name_ = "linear";
  std::function<Tensor(const Tensor&)> function_;
  Ref<FunctionHandle> handle_;
};

void read_field(Activation& field, const Json& json, std::string_view what);
inline Json write_field(const Activation& field) {
  return field.json();
}

}  // namespace nacre
