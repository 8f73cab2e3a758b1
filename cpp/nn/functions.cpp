#include "nn/functions.h"

#include "nacre/nn/initializer.h"

namespace nacre {
namespace {

class FunctionInitializer final : public Initializer {
 public:
  explicit FunctionInitializer(Ref<FunctionHandle> handle) : handle_(std::move(handle)) {}
  std::string_view class_name() const override { return "FunctionInitializer"; }
  Tensor operator()(const Shape& shape, DType dtype) override {
    const Tensor value = handle_->initialize(shape, dtype);
    if (!(value.shape() == shape)) {
      value_error("initializer: expected values of shape ", shape, ", received ", value.shape());
    }
    return value;
  }

 private:
  Ref<FunctionHandle> handle_;
};

template <class Base>
class FunctionTransform final : public Base {
 public:
  explicit FunctionTransform(Ref<FunctionHandle> handle) : handle_(std::move(handle)) {}
  std::string_view class_name() const override { return "FunctionTransform"; }
  Tensor operator()(const Tensor& x) override { return handle_->function(x); }

 private:
  Ref<FunctionHandle> handle_;
};

}  // namespace

Ref<Configurable> wrap_function(std::string_view module, Ref<FunctionHandle> handle) {
  if (module == Initializer::kModule && handle->initialize) {
    return make_ref<FunctionInitializer>(std::move(handle));
  }
  if (module == Regularizer::kModule) {
    return make_ref<FunctionTransform<Regularizer>>(std::move(handle));
  }
  if (module == Constraint::kModule) {
    return make_ref<FunctionTransform<Constraint>>(std::move(handle));
  }
  value_error("expected an object of nacre.", module, ", received a function");
}

}  // namespace nacre
