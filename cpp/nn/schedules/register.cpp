// Learning rates as functions of the step, in float32. An infinite or undefined rate is never given
// for a step >= 0.
#include <numbers>

#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

Tensor to_float(const Tensor& step) {
  return ops::cast(step, DType::kFloat32);
}

void check_steps(std::string_view name, std::string_view what, double steps) {
  if (!(steps > 0)) value_error(name, ": expected ", what, " > 0, received ", steps);
}

// What the decays of a rate over a number of steps share.
class Decay : public LearningRateSchedule {
 public:
  NACRE_CONFIG(Decay, LearningRateSchedule, initial_learning_rate, decay_steps, name)
  void validate() override { check_steps(class_name(), "decay_steps", decay_steps); }

  double initial_learning_rate = 0.001;
  double decay_steps = 1;
  std::string name;

 protected:
  Tensor rate(const Tensor& factor) const { return factor * initial_learning_rate; }
};

class ExponentialDecay final : public Decay {
 public:
  ExponentialDecay() { name = "ExponentialDecay"; }
  NACRE_CONFIG(ExponentialDecay, Decay, decay_rate, staircase)
  double decay_rate = 1;
  bool staircase = false;

  Tensor operator()(const Tensor& step) override {
    Tensor periods = to_float(step) / decay_steps;
    if (staircase) periods = ops::floor(periods);
    return rate(ops::power(Tensor::scalar(static_cast<float>(decay_rate)), periods));
  }
};

class InverseTimeDecay final : public Decay {
 public:
  InverseTimeDecay() { name = "InverseTimeDecay"; }
  NACRE_CONFIG(InverseTimeDecay, Decay, decay_rate, staircase)
  double decay_rate = 1;
  bool staircase = false;

  Tensor operator()(const Tensor& step) override {
    Tensor periods = to_float(step) / decay_steps;
    if (staircase) periods = ops::floor(periods);
    return initial_learning_rate / (decay_rate * periods + 1.0);
  }
};

class PolynomialDecay final : public Decay {
 public:
  PolynomialDecay() { name = "PolynomialDecay"; }
  NACRE_CONFIG(PolynomialDecay, Decay, end_learning_rate, power, cycle)
  double end_learning_rate = 0.0001;
  double power = 1;
  bool cycle = false;

  Tensor operator()(const Tensor& step) override {
    Tensor at = to_float(step);
    Tensor end = Tensor::scalar(static_cast<float>(decay_steps));
    if (cycle) {
      // The next multiple of decay_steps; at step 0 the first.
      end = end * ops::maximum(ops::ceil(at / decay_steps), ops::scalar(1));
    } else {
      at = ops::minimum(at, end);
    }
    const Tensor left = ops::power(1.0 - at / end, ops::scalar(power));
    return (initial_learning_rate - end_learning_rate) * left + end_learning_rate;
  }
};

// Loshchilov and Hutter 2017, with a linear warm-up.
class CosineDecay final : public Decay {
 public:
  CosineDecay() { name = "CosineDecay"; }
  NACRE_CONFIG(CosineDecay, Decay, alpha, warmup_target, warmup_steps)
  double alpha = 0;
  std::optional<double> warmup_target;
  double warmup_steps = 0;

  void validate() override {
    Decay::validate();
    if (warmup_steps < 0) {
      value_error("CosineDecay: expected warmup_steps >= 0, received ", warmup_steps);
    }
  }

  Tensor operator()(const Tensor& step) override {
    const Tensor at = to_float(step);
    if (!warmup_target) return decayed(at, initial_learning_rate);
    const Tensor rate = decayed(ops::relu(at - warmup_steps), *warmup_target);
    if (warmup_steps == 0) return rate;
    const Tensor warming =
        (*warmup_target - initial_learning_rate) * (at / warmup_steps) + initial_learning_rate;
    return ops::where(ops::less(at, ops::scalar(warmup_steps)), warming, rate);
  }

 private:
  Tensor decayed(const Tensor& at, double from) const {
    const Tensor part = ops::minimum(at, ops::scalar(decay_steps)) / decay_steps;
    const Tensor cosine = 0.5 * (ops::cos(part * std::numbers::pi) + 1.0);
    return from * ((1 - alpha) * cosine + alpha);
  }
};

// Loshchilov and Hutter 2017: cosine decays, each t_mul times as long as the last and from m_mul
// times its rate.
class CosineDecayRestarts final : public LearningRateSchedule {
 public:
  NACRE_CONFIG(CosineDecayRestarts, LearningRateSchedule, initial_learning_rate, first_decay_steps,
               t_mul, m_mul, alpha, name)
  double initial_learning_rate = 0.001;
  double first_decay_steps = 1;
  double t_mul = 2;
  double m_mul = 1;
  double alpha = 0;
  std::string name = "SGDRDecay";

  void validate() override {
    check_steps("CosineDecayRestarts", "first_decay_steps", first_decay_steps);
    check_steps("CosineDecayRestarts", "t_mul", t_mul);
  }

  Tensor operator()(const Tensor& step) override {
    Tensor part = to_float(step) / first_decay_steps;
    Tensor restart;
    if (t_mul == 1) {
      restart = ops::floor(part);
      part = part - restart;
    } else {
      // Periods are t_mul^i long: i of them end at (1 - t_mul^i) / (1 - t_mul).
      const Tensor base = Tensor::scalar(static_cast<float>(t_mul));
      restart = ops::floor(ops::log(1.0 - part * (1 - t_mul)) / ops::log(base));
      const Tensor length = ops::power(base, restart);
      part = (part - (1.0 - length) / (1 - t_mul)) / length;
    }
    const Tensor peak = ops::power(Tensor::scalar(static_cast<float>(m_mul)), restart);
    const Tensor cosine = 0.5 * peak * (ops::cos(part * std::numbers::pi) + 1.0);
    return initial_learning_rate * ((1 - alpha) * cosine + alpha);
  }
};

class PiecewiseConstantDecay final : public LearningRateSchedule {
 public:
  NACRE_CONFIG(PiecewiseConstantDecay, LearningRateSchedule, boundaries, values, name)
  FloatList boundaries;
  FloatList values;
  std::string name = "PiecewiseConstant";

  void validate() override {
    if (values.size() != boundaries.size() + 1) {
      value_error("PiecewiseConstantDecay: expected one value more than boundaries, received ",
                  values.size(), " values and ", boundaries.size(), " boundaries");
    }
  }

  Tensor operator()(const Tensor& step) override {
    // values[i] up to and with boundaries[i].
    Tensor rate = Tensor::scalar(static_cast<float>(values.back()));
    for (size_t i = boundaries.size(); i-- > 0;) {
      rate = ops::where(ops::less_equal(step, ops::scalar(boundaries[i])),
                        Tensor::scalar(static_cast<float>(values[i])), rate);
    }
    return rate;
  }
};

}  // namespace

void register_schedules() {
  register_class<ExponentialDecay>();
  register_class<InverseTimeDecay>();
  register_class<PolynomialDecay>();
  register_class<CosineDecay>();
  register_class<CosineDecayRestarts>();
  register_class<PiecewiseConstantDecay>();
}

}  // namespace nacre
