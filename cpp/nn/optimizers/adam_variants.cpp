// Optimizers with Adam's two running means and another use of them.
#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

// beta^step, computed in the dtype of the step.
Tensor power_of(double beta, const Tensor& step) {
  return ops::power(ops::cast(ops::scalar(beta), step.dtype()), step);
}

// One step of an exponential mean, as Keras rounds it: mean + (x - mean) * (1 - beta).
Tensor mean_towards(const VariableRef& mean, const Tensor& x, double beta) {
  const Tensor before = mean->value();
  const Tensor after = before + (x - before) * (1 - beta);
  mean->assign(after);
  return after;
}

// Kingma and Ba 2015, section 7.1: the largest gradient in place of their mean square.
class Adamax final : public Optimizer {
 public:
  NACRE_CONFIG(Adamax, Optimizer, beta_1, beta_2, epsilon)

  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      m_.push_back(add_slot(variable, "momentum"));
      u_.push_back(add_slot(variable, "norm"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor m = mean_towards(m_[index], grad, beta_1);
    const Tensor u = ops::maximum(beta_2 * u_[index]->value(), ops::abs(grad));
    u_[index]->assign(u);
    const Tensor correction = 1.0 - power_of(beta_1, step_in(variable->dtype()));
    variable->assign(variable->value() - rate * m / (correction * (u + epsilon)));
  }

 private:
  std::vector<VariableRef> m_, u_;
};

// Dozat 2015: Adam with Nesterov momentum, whose part grows as 1 - 0.96^step / 2.
class Nadam final : public Optimizer {
 public:
  NACRE_CONFIG(Nadam, Optimizer, beta_1, beta_2, epsilon)

  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      m_.push_back(add_slot(variable, "momentum"));
      v_.push_back(add_slot(variable, "velocity"));
    }
    const DType dtype = variables.empty() ? DType::kFloat32 : variables[0]->dtype();
    product_ = add_variable("u_product", Shape(), dtype, nullptr);
    product_->assign(ops::ones(Shape(), dtype));
  }

  void begin_update() override {
    product_->assign(product_->value() * momentum_part(step_in(product_->dtype())));
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const DType dtype = variable->dtype();
    const Tensor rate = ops::cast(learning_rate, dtype);
    const Tensor step = step_in(dtype);
    const Tensor part = momentum_part(step);
    const Tensor next_part = momentum_part(step + 1.0);
    const Tensor product = ops::cast(product_->value(), dtype);
    const Tensor m = mean_towards(m_[index], grad, beta_1);
    const Tensor v = mean_towards(v_[index], ops::square(grad), beta_2);
    const Tensor m_hat =
        next_part * m / (1.0 - product * next_part) + (1.0 - part) * grad / (1.0 - product);
    const Tensor v_hat = v / (1.0 - power_of(beta_2, step));
    variable->assign(variable->value() - m_hat * rate / (ops::sqrt(v_hat) + epsilon));
  }

 private:
  Tensor momentum_part(const Tensor& step) const {
    return beta_1 * (1.0 - 0.5 * power_of(0.96, step));
  }

  std::vector<VariableRef> m_, v_;
  VariableRef product_;
};

// You et al. 2020: Adam's change of a weight, scaled to the norm of the weight.
class Lamb final : public Optimizer {
 public:
  NACRE_CONFIG(Lamb, Optimizer, beta_1, beta_2, epsilon)

  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-7;

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      m_.push_back(add_slot(variable, "momentum"));
      v_.push_back(add_slot(variable, "velocity"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor step = step_in(variable->dtype());
    const Tensor m = mean_towards(m_[index], grad, beta_1);
    const Tensor v = mean_towards(v_[index], ops::square(grad), beta_2);
    const Tensor change = m / (1.0 - power_of(beta_1, step)) /
                          (ops::sqrt(v / (1.0 - power_of(beta_2, step))) + epsilon);
    const Tensor weight = variable->value();
    const Tensor zero = ops::scalar(0);
    const Tensor weight_norm = ops::sqrt(ops::sum(ops::square(weight)));
    const Tensor change_norm = ops::sqrt(ops::sum(ops::square(change)));
    const Tensor both =
        ops::logical_and(ops::greater(weight_norm, zero), ops::greater(change_norm, zero));
    const Tensor ratio = ops::where(both, weight_norm / change_norm, ops::ones_like(weight_norm));
    variable->assign(weight - ratio * rate * change);
  }

 private:
  std::vector<VariableRef> m_, v_;
};

// Defazio et al. 2024: weights lie between the point that steps are taken from ("momentum") and
// the average of these points, which takes the place of a schedule.
class ScheduleFreeAdamW final : public Optimizer {
 public:
  ScheduleFreeAdamW() { learning_rate_.value = 0.0025; }
  NACRE_CONFIG(ScheduleFreeAdamW, Optimizer, beta_1, beta_2, epsilon, warmup_steps)

  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-8;
  int64_t warmup_steps = 0;

  void validate() override {
    if (beta_1 == 0) value_error("ScheduleFreeAdamW: expected beta_1 to be other than 0");
    Optimizer::validate();
  }

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      point_.push_back(add_slot(variable, "momentum"));
      point_.back()->assign(variable->value());
      v_.push_back(add_slot(variable, "velocity"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    Tensor rate = ops::cast(learning_rate, variable->dtype());
    const Tensor step = step_in(variable->dtype());
    if (warmup_steps > 0) {
      rate = rate * ops::minimum(step / static_cast<double>(warmup_steps), ops::scalar(1));
    }
    const Tensor v = mean_towards(v_[index], ops::square(grad), beta_2);
    const Tensor divisor = ops::sqrt(v / (1.0 - power_of(beta_2, step))) + epsilon;
    const Tensor before = point_[index]->value();
    const Tensor point = before - rate * grad / divisor;
    point_[index]->assign(point);
    const Tensor part = 1.0 / step;
    const Tensor average = (variable->value() - (1 - beta_1) * before) / beta_1;
    const Tensor next_average = (1.0 - part) * average + part * point;
    variable->assign((1 - beta_1) * point + beta_1 * next_average);
  }

 private:
  std::vector<VariableRef> point_, v_;
};

}  // namespace

void register_adam_variants() {
  register_class<Adamax>();
  register_class<Nadam>();
  register_class<Lamb>();
  register_class<ScheduleFreeAdamW>();
}

}  // namespace nacre
