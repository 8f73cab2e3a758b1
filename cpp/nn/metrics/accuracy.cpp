// The accuracy family.
#include "nacre/nn/loss.h"
#include "nacre/nn/metric.h"
#include "nacre/ops/ops.h"
#include "nn/losses/functions.h"
#include "nn/metrics/functions.h"
#include "nn/registry.h"

namespace nacre {
namespace metrics {
namespace {

Tensor to_float(const Tensor& hits) {
  return ops::cast(hits, floatx());
}

// Class ids shaped as y_pred without its last axis.
Tensor labels_for(const char* name, const Tensor& y_true, const Tensor& y_pred) {
  Tensor labels = y_true;
  if (y_pred.rank() < 1) value_error(name, ": expected y_pred of rank 1 or more, received ()");
  if (labels.rank() == y_pred.rank() && labels.shape().back() == 1) {
    labels = ops::squeeze(labels, IntList{-1});
  }
  bool fits = labels.rank() + 1 == y_pred.rank();
  for (int i = 0; fits && i < labels.rank(); ++i) {
    const int64_t a = labels.shape()[i], b = y_pred.shape()[i];
    fits = a == b || a < 0 || b < 0;
  }
  if (!fits) {
    value_error(name,
                ": expected y_true of the shape of y_pred without its last axis, received y_true: ",
                y_true.shape(), ", y_pred: ", y_pred.shape());
  }
  return labels;
}

Tensor label_of_one_hot(const char* name, const Tensor& y_true, const Tensor& y_pred) {
  bool fits = y_true.rank() == y_pred.rank() && y_true.rank() > 0;
  for (int i = 0; fits && i < y_true.rank(); ++i) {
    const int64_t a = y_true.shape()[i], b = y_pred.shape()[i];
    fits = a == b || a < 0 || b < 0;
  }
  if (!fits) {
    value_error(name,
                ": expected y_true and y_pred of the same shape, received y_true: ", y_true.shape(),
                ", y_pred: ", y_pred.shape());
  }
  return ops::argmax(y_true, -1);
}

// Fewer than k classes are likelier than the label's; ties count as hits.
Tensor in_top_k(const Tensor& labels, const Tensor& y_pred, int64_t k) {
  const Tensor ids = class_ids(y_pred.shape().back());
  const Tensor at_label = ops::equal(ops::expand_dims(labels, -1), ids);
  const Tensor own =
      ops::sum(ops::where(at_label, y_pred, ops::zeros_like(y_pred)), IntList{-1}, true);
  const Tensor likelier = ops::cast(ops::greater(y_pred, own), DType::kInt32);
  const Tensor hit =
      ops::less(ops::sum(likelier, IntList{-1}), Tensor::scalar(static_cast<int32_t>(k)));
  const Tensor valid = ops::logical_and(ops::any(at_label, IntList{-1}),
                                        ops::isfinite(ops::squeeze(own, IntList{-1})));
  return to_float(ops::logical_and(hit, valid));
}

}  // namespace

Tensor class_ids(int64_t n) {
  Tensor ids(TensorSpec{DType::kInt32, {n}});
  for (int64_t i = 0; i < n; ++i) ids.mutable_data<int32_t>()[i] = static_cast<int32_t>(i);
  return ids;
}

Tensor accuracy(const Tensor& y_true, const Tensor& y_pred) {
  Tensor t = y_true, p = y_pred;
  losses::match("accuracy", t, p);
  return ops::mean(to_float(ops::equal(t, p)), IntList{-1});
}

Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold) {
  Tensor t = y_true, p = y_pred;
  losses::match("binary_accuracy", t, p);
  const Tensor decided = ops::cast(ops::greater(p, ops::scalar(threshold)), t.dtype());
  return ops::mean(to_float(ops::equal(t, decided)), IntList{-1});
}

Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor labels = label_of_one_hot("categorical_accuracy", y_true, y_pred);
  return to_float(ops::equal(labels, ops::argmax(y_pred, -1)));
}

Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred) {
  const Tensor labels = labels_for("sparse_categorical_accuracy", y_true, y_pred);
  return to_float(ops::equal(labels, ops::argmax(y_pred, -1)));
}

Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k) {
  return in_top_k(label_of_one_hot("top_k_categorical_accuracy", y_true, y_pred), y_pred, k);
}

Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k,
                                         bool from_sorted_ids) {
  const Tensor labels = labels_for("sparse_top_k_categorical_accuracy", y_true, y_pred);
  if (!from_sorted_ids) return in_top_k(labels, y_pred, k);
  const int64_t given = std::min(k, y_pred.shape().back());
  const Tensor first = ops::slice_axis(y_pred, -1, 0, given);
  return to_float(ops::any(ops::equal(ops::expand_dims(labels, -1), first), IntList{-1}));
}

}  // namespace metrics

namespace {

class Accuracy final : public MeanMetricWrapper {
 public:
  Accuracy() { name_ = "accuracy"; }
  std::string_view class_name() const override { return "Accuracy"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::accuracy(y_true, y_pred);
  }
};

class BinaryAccuracy final : public MeanMetricWrapper {
 public:
  BinaryAccuracy() { name_ = "binary_accuracy"; }
  NACRE_CONFIG(BinaryAccuracy, MeanMetricWrapper, threshold)
  double threshold = 0.5;
  void validate() override {
    MeanMetricWrapper::validate();
    if (!(threshold > 0 && threshold < 1)) {
      value_error("BinaryAccuracy: expected threshold in (0, 1), received ", threshold);
    }
  }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::binary_accuracy(y_true, y_pred, threshold);
  }
};

class CategoricalAccuracy final : public MeanMetricWrapper {
 public:
  CategoricalAccuracy() { name_ = "categorical_accuracy"; }
  std::string_view class_name() const override { return "CategoricalAccuracy"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::categorical_accuracy(y_true, y_pred);
  }
};

class SparseCategoricalAccuracy final : public MeanMetricWrapper {
 public:
  SparseCategoricalAccuracy() { name_ = "sparse_categorical_accuracy"; }
  std::string_view class_name() const override { return "SparseCategoricalAccuracy"; }
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::sparse_categorical_accuracy(y_true, y_pred);
  }
};

class TopKCategoricalAccuracy final : public MeanMetricWrapper {
 public:
  TopKCategoricalAccuracy() { name_ = "top_k_categorical_accuracy"; }
  NACRE_CONFIG(TopKCategoricalAccuracy, MeanMetricWrapper, k)
  int64_t k = 5;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::top_k_categorical_accuracy(y_true, y_pred, k);
  }
};

class SparseTopKCategoricalAccuracy final : public MeanMetricWrapper {
 public:
  SparseTopKCategoricalAccuracy() { name_ = "sparse_top_k_categorical_accuracy"; }
  NACRE_CONFIG(SparseTopKCategoricalAccuracy, MeanMetricWrapper, k, from_sorted_ids)
  int64_t k = 5;
  bool from_sorted_ids = false;
  Tensor call(const Tensor& y_true, const Tensor& y_pred) override {
    return metrics::sparse_top_k_categorical_accuracy(y_true, y_pred, k, from_sorted_ids);
  }
};

}  // namespace

void register_accuracy_metrics() {
  register_class<Accuracy>();
  register_class<BinaryAccuracy>();
  register_class<CategoricalAccuracy>();
  register_class<SparseCategoricalAccuracy>();
  register_class<TopKCategoricalAccuracy>();
  register_class<SparseTopKCategoricalAccuracy>();
}

}  // namespace nacre
