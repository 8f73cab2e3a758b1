// Losses of overlap (segmentation), of noisy labels and of embeddings.
#include "nacre/nn/loss.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/metrics/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace losses {

Tensor dice(const Tensor& y_true, const Tensor& y_pred, const std::optional<IntList>& axis) {
  Tensor t = y_true, p = y_pred;
  match("dice", t, p);
  const Tensor both = ops::sum(t * p, axis);
  return 1.0 - 2.0 * both / (ops::sum(t, axis) + ops::sum(p, axis) + epsilon());
}

Tensor tversky(const Tensor& y_true, const Tensor& y_pred, double alpha, double beta,
               const std::optional<IntList>& axis) {
  Tensor t = y_true, p = y_pred;
  match("tversky", t, p);
  const Tensor both = ops::sum(t * p, axis);
  const Tensor missed = ops::sum((1.0 - p) * t, axis);
  const Tensor extra = ops::sum(p * (1.0 - t), axis);
  return 1.0 - both / (both + alpha * missed + beta * extra + epsilon());
}

Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q) {
  Tensor ids = y_true;
  if (ids.rank() == y_pred.rank() && ids.shape().back() == 1) ids = ops::squeeze(ids, IntList{-1});
  if (y_pred.rank() < 1 || ids.rank() + 1 != y_pred.rank()) {
    value_error(
        "categorical_generalized_cross_entropy: expected class ids shaped as y_pred without ",
        "its last axis, received y_true: ", y_true.shape(), ", y_pred: ", y_pred.shape());
  }
  const Tensor hit =
      ops::equal(ops::expand_dims(ids, -1), metrics::class_ids(y_pred.shape().back()));
  const Tensor p = ops::sum(ops::where(hit, y_pred, ops::zeros_like(y_pred)), IntList{-1});
  return (1.0 - ops::power(p, ops::scalar(q))) / q;
}

Tensor circle(const Tensor& y_true, const Tensor& y_pred, double gamma, double margin,
              bool remove_diagonal, const Tensor& reference_labels, const Tensor& references) {
  const Tensor others = references.defined() ? ops::cast(references, y_pred.dtype()) : y_pred;
  const Tensor other_labels = reference_labels.defined() ? reference_labels : y_true;
  for (const auto& [labels, x] : {std::pair(y_true, y_pred), {other_labels, others}}) {
    if (x.rank() == 2 && labels.size() == x.shape()[0]) continue;
    value_error("circle: expected embeddings (batch, features) and a label each, received labels: ",
                labels.shape(), ", embeddings: ", x.shape());
  }
  const int64_t rows = y_pred.shape()[0], columns = others.shape()[0];
  if (y_pred.shape()[1] != others.shape()[1]) {
    value_error("circle: expected reference embeddings of ", y_pred.shape()[1],
                " features, received ", others.shape());
  }
  const Tensor distance = ops::relu(1.0 - ops::matmul(y_pred, others, false, true));
  const Tensor same =
      ops::equal(ops::reshape(y_true, {rows, 1}), ops::reshape(other_labels, {1, columns}));
  const Tensor other = ops::logical_not(same);
  Tensor positive = same;
  if (remove_diagonal) {
    positive =
        ops::logical_and(same, ops::not_equal(ops::expand_dims(metrics::class_ids(rows), 1),
                                              ops::expand_dims(metrics::class_ids(columns), 0)));
  }
  // A weight falls as its distance nears the optimum; pairs of the other kind do not count.
  // The lowest score is finite: a sample without pairs has no loss and a gradient of 0.
  const Tensor zero = ops::zeros_like(distance);
  const Tensor lowest = ops::scalar(-1e30);
  const Tensor near =
      -gamma * ops::where(positive, ops::relu(distance + margin), zero) * (margin - distance);
  const Tensor far =
      gamma * ops::where(other, ops::relu(1 + margin - distance), zero) * (1 - margin - distance);
  const Tensor of_near = ops::logsumexp(ops::where(positive, near, lowest), IntList{1});
  const Tensor of_far = ops::logsumexp(ops::where(other, far, lowest), IntList{1});
  return ops::softplus(of_near + of_far);
}

}  // namespace losses

namespace {

class Dice final : public Loss {
 public:
  NACRE_CONFIG(Dice, Loss, axis)
  std::optional<IntList> axis;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::dice(y_true, y_pred, axis);
  }
};

// Salehi, Erdogmus and Gholipour 2017.
class Tversky final : public Loss {
 public:
  NACRE_CONFIG(Tversky, Loss, alpha, beta, axis)
  double alpha = 0.5;
  double beta = 0.5;
  std::optional<IntList> axis;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::tversky(y_true, y_pred, alpha, beta, axis);
  }
};

// Zhang and Sabuncu 2018.
class CategoricalGeneralizedCrossEntropy final : public Loss {
 public:
  NACRE_CONFIG(CategoricalGeneralizedCrossEntropy, Loss, q)
  double q = 0.5;
  void validate() override {
    Loss::validate();
    if (!(q > 0 && q < 1)) {
      value_error("CategoricalGeneralizedCrossEntropy: expected q in (0, 1), received ", q);
    }
  }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::categorical_generalized_cross_entropy(y_true, y_pred, q);
  }
};

// Sun et al. 2020; embeddings have length 1.
class Circle final : public Loss {
 public:
  NACRE_CONFIG(Circle, Loss, gamma, margin, remove_diagonal)
  double gamma = 80;
  double margin = 0.4;
  bool remove_diagonal = true;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return losses::circle(y_true, y_pred, gamma, margin, remove_diagonal);
  }
  // Keras's mean is over the samples that have a loss.
  Tensor counted(const Tensor& y_true, const Tensor& y_pred) override {
    return ops::greater(call(y_true, y_pred), ops::scalar(0));
  }
};

}  // namespace

void register_overlap_losses() {
  register_class<Dice>();
  register_class<Tversky>();
  register_class<CategoricalGeneralizedCrossEntropy>();
  register_class<Circle>();
}

}  // namespace nacre
