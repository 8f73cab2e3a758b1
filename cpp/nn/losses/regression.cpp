// Losses of regression.
#include "nacre/nn/loss.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class MeanSquaredError final : public Loss {
 public:
  std::string_view class_name() const override { return "MeanSquaredError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    Tensor target = ops::cast(y_true, y_pred.dtype());
    squeeze_or_expand(target, y_pred);
    return ops::mean(ops::square(target - y_pred), IntList{-1});
  }
};

}  // namespace

void register_losses() {
  register_class<MeanSquaredError>();
}

}  // namespace nacre
