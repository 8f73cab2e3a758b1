// Losses of regression.
#include <numbers>

#include "nacre/nn/loss.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace losses {

void match(std::string_view name, Tensor& y_true, Tensor& y_pred) {
  const Shape target = y_true.shape(), output = y_pred.shape();
  if (y_true.dtype() != y_pred.dtype()) y_true = ops::cast(y_true, y_pred.dtype());
  squeeze_or_expand(y_true, y_pred);
  bool fits = y_true.rank() == y_pred.rank();
  for (int i = 0; fits && i < y_pred.rank(); ++i) {
    const int64_t a = y_true.shape()[i], b = y_pred.shape()[i];
    fits = a == b || a == 1 || b == 1 || a < 0 || b < 0;
  }
  if (!fits) {
    value_error(name, ": expected y_true and y_pred of the same shape, received y_true: ", target,
                ", y_pred: ", output);
  }
}

Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("mean_squared_error", t, p);
  return ops::mean(ops::square(t - p), IntList{-1});
}

Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("mean_absolute_error", t, p);
  return ops::mean(ops::abs(t - p), IntList{-1});
}

Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("mean_absolute_percentage_error", t, p);
  const Tensor scale = ops::maximum(ops::abs(t), ops::scalar(epsilon()));
  return 100.0 * ops::mean(ops::abs((t - p) / scale), IntList{-1});
}

Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("mean_squared_logarithmic_error", t, p);
  const auto log1 = [](const Tensor& x) {
    return ops::log(ops::maximum(x, ops::scalar(epsilon())) + 1.0);
  };
  return ops::mean(ops::square(log1(p) - log1(t)), IntList{-1});
}

Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta) {
  Tensor t = y_true, p = y_pred;
  match("huber", t, p);
  const Tensor error = p - t;
  const Tensor size = ops::abs(error);
  return ops::mean(ops::where(ops::less_equal(size, ops::scalar(delta)), 0.5 * ops::square(error),
                              delta * size - 0.5 * delta * delta),
                   IntList{-1});
}

Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("log_cosh", t, p);
  // log(cosh(x)) = x + log(1 + exp(-2 x)) - log(2), without overflow.
  const Tensor error = p - t;
  return ops::mean(error + ops::softplus(-2.0 * error) - std::numbers::ln2, IntList{-1});
}

Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int64_t axis) {
  Tensor t = y_true, p = y_pred;
  match("cosine_similarity", t, p);
  return -ops::sum(ops::normalize(t, {axis}) * ops::normalize(p, {axis}), IntList{axis});
}

}  // namespace losses

namespace {

class MeanSquaredError final : public Loss {
 public:
  std::string_view class_name() const override { return "MeanSquaredError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_squared_error(y_true, y_pred);
  }
};

class MeanAbsoluteError final : public Loss {
 public:
  std::string_view class_name() const override { return "MeanAbsoluteError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_absolute_error(y_true, y_pred);
  }
};

class MeanAbsolutePercentageError final : public Loss {
 public:
  std::string_view class_name() const override { return "MeanAbsolutePercentageError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_absolute_percentage_error(y_true, y_pred);
  }
};

class MeanSquaredLogarithmicError final : public Loss {
 public:
  std::string_view class_name() const override { return "MeanSquaredLogarithmicError"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::mean_squared_logarithmic_error(y_true, y_pred);
  }
};

class Huber final : public Loss {
 public:
  Huber() { name_ = "huber_loss"; }
  NACRE_CONFIG(Huber, Loss, delta)
  double delta = 1;
  void validate() override {
    Loss::validate();
    if (!(delta > 0)) value_error("Huber: expected delta > 0, received ", delta);
  }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::huber(y_true, y_pred, delta);
  }
};

class LogCosh final : public Loss {
 public:
  std::string_view class_name() const override { return "LogCosh"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::log_cosh(y_true, y_pred);
  }
};

class CosineSimilarity final : public Loss {
 public:
  NACRE_CONFIG(CosineSimilarity, Loss, axis)
  int64_t axis = -1;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::cosine_similarity(y_true, y_pred, axis);
  }
};

}  // namespace

void register_hinge_losses();
void register_probabilistic_losses();
void register_overlap_losses();
void register_ctc_loss();

void register_losses() {
  register_class<MeanSquaredError>();
  register_class<MeanAbsoluteError>();
  register_class<MeanAbsolutePercentageError>();
  register_class<MeanSquaredLogarithmicError>();
  register_class<Huber>();
  register_class<LogCosh>();
  register_class<CosineSimilarity>();
  register_hinge_losses();
  register_probabilistic_losses();
  register_overlap_losses();
  register_ctc_loss();
  register_loss_aliases("losses");
  ClassRegistry::of("losses").add_alias("logcosh", "LogCosh");
  ClassRegistry::of("losses").add_alias("huber_loss", "Huber");
}

void register_loss_aliases(std::string_view module) {
  ClassRegistry& registry = ClassRegistry::of(module);
  for (const auto& [alias, name] : {std::pair("mse", "MeanSquaredError"),
                                    {"MSE", "MeanSquaredError"},
                                    {"mae", "MeanAbsoluteError"},
                                    {"MAE", "MeanAbsoluteError"},
                                    {"mape", "MeanAbsolutePercentageError"},
                                    {"MAPE", "MeanAbsolutePercentageError"},
                                    {"msle", "MeanSquaredLogarithmicError"},
                                    {"MSLE", "MeanSquaredLogarithmicError"},
                                    {"bce", "BinaryCrossentropy"},
                                    {"BCE", "BinaryCrossentropy"},
                                    {"kld", "KLDivergence"},
                                    {"KLD", "KLDivergence"}}) {
    registry.add_alias(alias, name);
  }
}

}  // namespace nacre
