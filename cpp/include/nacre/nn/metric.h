// Metric: totals held in variables, updated by every batch, read when asked.
#pragma once

#include <string>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/nn/configurable.h"
#include "nacre/nn/initializer.h"

namespace nacre {

class Metric : public Configurable {
 public:
  static constexpr std::string_view kModule = "metrics";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // Accumulates a batch, made of ops only (it is part of the captured step).
  virtual void update_state(const Tensor& y_true, const Tensor& y_pred,
                            const Tensor& sample_weight) = 0;
  virtual Tensor result() = 0;
  virtual void reset_state();  // zeros in every variable

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  const std::vector<VariableRef>& variables() const { return variables_; }
  VariableRef add_variable(const std::string& name, const Shape& shape,
                           DType dtype = DType::kFloat32);

 protected:
  std::string name_;
  std::optional<DType> dtype_;

 private:
  std::vector<VariableRef> variables_;
};

// Weighted mean of values.
class Mean : public Metric {
 public:
  std::string_view class_name() const override { return "Mean"; }
  void validate() override;
  // y_true are the values; y_pred is not used.
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  Tensor result() override;
  void add(const Tensor& values, const Tensor& sample_weight = {});

 private:
  VariableRef total_;
  VariableRef count_;
};

// The mean of a function of (y_true, y_pred), one value a sample: most metrics are of this kind.
class MeanMetricWrapper : public Mean {
 public:
  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override;
  virtual Tensor call(const Tensor& y_true, const Tensor& y_pred) = 0;
};

class FunctionMetric final : public MeanMetricWrapper {
 public:
  using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;
  FunctionMetric(std::string name, Function function) : function_(std::move(function)) {
    name_ = std::move(name);
    validate();
  }
  std::string_view class_name() const override { return "FunctionMetric"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return function_(y_true, y_pred);
  }

 private:
  Function function_;
};

}  // namespace nacre
