// The loss of sequences of labels whose places are not known.
#include "nacre/ops/ctc.h"

#include "nacre/nn/loss.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace losses {

Tensor ctc(const Tensor& y_true, const Tensor& y_pred) {
  if (y_true.rank() != 2 || y_pred.rank() != 3) {
    value_error(
        "ctc: expected y_true (batch, labels) and y_pred (batch, steps, classes), received ",
        "y_true: ", y_true.shape(), ", y_pred: ", y_pred.shape());
  }
  const Tensor given = ops::cast(ops::not_equal(y_true, ops::scalar(0)), DType::kInt32);
  const Tensor steps =
      ops::full({y_pred.shape()[0]}, static_cast<double>(y_pred.shape()[1]), DType::kInt32);
  return ops::ctc_loss(y_true, y_pred, ops::sum(given, IntList{-1}), steps);
}

}  // namespace losses

namespace {

class CTC final : public Loss {
 public:
  CTC() { name_ = "ctc"; }
  std::string_view class_name() const override { return "CTC"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::ctc(y_true, y_pred);
  }
};

}  // namespace

void register_ctc_loss() {
  register_class<CTC>();
}

}  // namespace nacre
