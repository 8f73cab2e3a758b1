// Loss: a number a sample, weighted and reduced to a scalar.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "nacre/nn/configurable.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

class Loss : public Configurable {
 public:
  static constexpr std::string_view kModule = "losses";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // The reduced loss: a scalar, or one value a sample with reduction "none". sample_weight
  // broadcasts against the per-sample values. Samples that the mask of y_pred leaves out do not
  // count.
  Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {});
  // One value a sample: the last axis (or axes) reduced.
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;
  // Which samples count in a mean, shaped as the result of call(); undefined: all.
  virtual Tensor counted(const Tensor& y_true, const Tensor& y_pred) { return {}; }

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

 protected:
  std::string name_;
  std::optional<std::string> reduction_ = "sum_over_batch_size";  // none: not reduced
  std::optional<DType> dtype_;
};

// Where the ranks differ by a trailing axis of one, it is added to a vector or else dropped.
void squeeze_or_expand(Tensor& a, Tensor& b);
// sample_weight (undefined: 1) with what a mask leaves out at 0. For a mean over all samples the
// others are scaled, so that it becomes the mean over those that count.
Tensor apply_mask(const Tensor& sample_weight, const Tensor& mask, DType dtype, bool for_mean);
// values * sample_weight, reduced: "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum",
// "none".
Tensor reduce_weighted(const Tensor& values, const Tensor& sample_weight,
                       const std::string& reduction);

// A function of the caller's own as a loss.
class FunctionLoss final : public Loss {
 public:
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
  FunctionLoss(std::string name, Function function) : function_(std::move(function)) {
    name_ = std::move(name);
  }
  std::string_view class_name() const override { return "FunctionLoss"; }
  // Targets are cast to the dtype of y_pred, as Keras does before it calls a function.
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override;

 private:
  Function function_;
};

}  // namespace nacre
