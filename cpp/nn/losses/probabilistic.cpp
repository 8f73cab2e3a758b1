// Losses of probabilities and logits.
#include "nacre/nn/loss.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace losses {
namespace {

// Labels mixed with the uniform distribution over `classes`.
Tensor smooth(const Tensor& y_true, double smoothing, double classes) {
  return smoothing == 0 ? y_true : y_true * (1 - smoothing) + smoothing / classes;
}

// One-hot labels and outputs of the same shape, classes along the last axis for the smoothing.
void match_classes(std::string_view name, Tensor& t, Tensor& p, double smoothing) {
  match(name, t, p);
  if (!(t.shape() == p.shape()) && t.shape().is_known() && p.shape().is_known()) {
    value_error(name, ": expected y_true of shape ", p.shape(), ", received ", t.shape(),
                ". For labels that are class ids, use sparse_categorical_crossentropy");
  }
  if (p.rank() > 0) t = smooth(t, smoothing, static_cast<double>(p.shape().back()));
}

}  // namespace

Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("kl_divergence", t, p);
  t = ops::clip(t, epsilon(), 1);
  p = ops::clip(p, epsilon(), 1);
  return ops::sum(t * ops::log(t / p), IntList{-1});
}

Tensor poisson(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  match("poisson", t, p);
  return ops::mean(p - t * ops::log(p + epsilon()), IntList{-1});
}

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                           const CrossentropyOptions& options) {
  Tensor t = y_true, p = y_pred;
  match("binary_crossentropy", t, p);
  t = smooth(t, options.label_smoothing, 2);
  if (!(t.shape() == p.shape())) t = t + ops::zeros_like(p);
  return ops::mean(ops::binary_crossentropy(t, p, options.from_logits), IntList{options.axis});
}

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                const CrossentropyOptions& options) {
  Tensor t = y_true, p = y_pred;
  match_classes("categorical_crossentropy", t, p, options.label_smoothing);
  return ops::categorical_crossentropy(t, p, options.from_logits, options.axis);
}

Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, bool from_logits,
                                       std::optional<int64_t> ignore_class, int64_t axis) {
  Tensor t = y_true, p = y_pred;
  const int at = normalize_axis(axis, p.rank(), "sparse_categorical_crossentropy");
  if (t.rank() == p.rank() && t.shape()[at] == 1) t = ops::squeeze(t, IntList{at});
  if (!ignore_class) return ops::sparse_categorical_crossentropy(t, p, from_logits, axis);
  const Tensor valid = ops::not_equal(t, ops::scalar(static_cast<double>(*ignore_class)));
  t = ops::where(valid, t, ops::zeros_like(t));
  p = ops::where(ops::expand_dims(valid, at), p, ops::zeros_like(p));
  const Tensor loss = ops::sparse_categorical_crossentropy(t, p, from_logits, axis);
  return ops::where(valid, loss, ops::zeros_like(loss));
}

Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                 bool apply_class_balancing, double alpha, double gamma,
                                 const CrossentropyOptions& options) {
  Tensor t = y_true, p = y_pred;
  match("binary_focal_crossentropy", t, p);
  t = smooth(t, options.label_smoothing, 2);
  if (!(t.shape() == p.shape())) t = t + ops::zeros_like(p);
  if (options.from_logits) p = ops::sigmoid(p);
  const Tensor right = t * p + (1.0 - t) * (1.0 - p);
  Tensor loss = ops::power(1.0 - right, ops::scalar(gamma)) * ops::binary_crossentropy(t, p);
  if (apply_class_balancing) loss = (t * alpha + (1.0 - t) * (1 - alpha)) * loss;
  return ops::mean(loss, IntList{options.axis});
}

Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                      const FloatList& alpha, double gamma,
                                      const CrossentropyOptions& options) {
  Tensor t = y_true, p = y_pred;
  match_classes("categorical_focal_crossentropy", t, p, options.label_smoothing);
  const IntList axis{options.axis};
  if (options.from_logits) p = ops::softmax(p, axis);
  p = ops::clip(p / ops::sum(p, axis, true), epsilon(), 1 - epsilon());
  const Tensor weight =
      alpha.size() == 1
          ? ops::scalar(alpha[0])
          : ops::cast(Tensor::from<double>(alpha, {static_cast<int64_t>(alpha.size())}), p.dtype());
  const Tensor focus = weight * ops::power(1.0 - p, ops::scalar(gamma));
  return -ops::sum(focus * t * ops::log(p), axis);
}

}  // namespace losses

namespace {

void check_smoothing(std::string_view name, double value) {
  if (!(value >= 0 && value <= 1)) {
    value_error(name, ": expected label_smoothing in [0, 1], received ", value);
  }
}

class KLDivergence final : public Loss {
 public:
  KLDivergence() { name_ = "kl_divergence"; }
  std::string_view class_name() const override { return "KLDivergence"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::kl_divergence(y_true, y_pred);
  }
};

class Poisson final : public Loss {
 public:
  std::string_view class_name() const override { return "Poisson"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::poisson(y_true, y_pred);
  }
};

// The arguments that cross-entropies share.
class Crossentropy : public Loss {
 public:
  std::vector<Field> fields() override {
    std::vector<Field> all = Loss::fields();
    detail::append_fields(all, "from_logits, label_smoothing, axis",
                          std::tie(options.from_logits, options.label_smoothing, options.axis));
    return all;
  }
  void validate() override {
    Loss::validate();
    check_smoothing(class_name(), options.label_smoothing);
  }

 protected:
  losses::CrossentropyOptions options;
};

class BinaryCrossentropy final : public Crossentropy {
 public:
  std::string_view class_name() const override { return "BinaryCrossentropy"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::binary_crossentropy(y_true, y_pred, options);
  }
};

class CategoricalCrossentropy final : public Crossentropy {
 public:
  std::string_view class_name() const override { return "CategoricalCrossentropy"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_crossentropy(y_true, y_pred, options);
  }
};

// Lin et al. 2017.
class BinaryFocalCrossentropy final : public Crossentropy {
 public:
  NACRE_CONFIG(BinaryFocalCrossentropy, Crossentropy, apply_class_balancing, alpha, gamma)
  bool apply_class_balancing = false;
  double alpha = 0.25;
  double gamma = 2;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::binary_focal_crossentropy(y_true, y_pred, apply_class_balancing, alpha, gamma,
                                             options);
  }
};

class CategoricalFocalCrossentropy final : public Crossentropy {
 public:
  NACRE_CONFIG(CategoricalFocalCrossentropy, Crossentropy, alpha, gamma)
  FloatList alpha{0.25};
  double gamma = 2;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_focal_crossentropy(y_true, y_pred, alpha, gamma, options);
  }
};

class SparseCategoricalCrossentropy final : public Loss {
 public:
  NACRE_CONFIG(SparseCategoricalCrossentropy, Loss, from_logits, ignore_class, axis)
  bool from_logits = false;
  std::optional<int64_t> ignore_class;
  int64_t axis = -1;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::sparse_categorical_crossentropy(y_true, y_pred, from_logits, ignore_class, axis);
  }
  Tensor counted(const Tensor& y_true, const Tensor& y_pred) override {
    if (!ignore_class) return {};
    const int at = normalize_axis(axis, y_pred.rank(), "sparse_categorical_crossentropy");
    const Tensor ids = y_true.rank() == y_pred.rank() ? ops::squeeze(y_true, IntList{at}) : y_true;
    return ops::not_equal(ids, ops::scalar(static_cast<double>(*ignore_class)));
  }
};

}  // namespace

void register_probabilistic_losses() {
  register_class<KLDivergence>();
  register_class<Poisson>();
  register_class<BinaryCrossentropy>();
  register_class<CategoricalCrossentropy>();
  register_class<BinaryFocalCrossentropy>();
  register_class<CategoricalFocalCrossentropy>();
  register_class<SparseCategoricalCrossentropy>();
}

}  // namespace nacre
