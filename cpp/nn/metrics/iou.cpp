// Intersection over union of classes, from a matrix of counts: labels by predictions.
#include <algorithm>

#include "nacre/nn/metric.h"
#include "nacre/ops/indexing.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

class IoUBase : public Metric {
 public:
  IoUBase() { dtype_ = DType::kInt32; }  // of the weights
  void validate() override {
    Metric::validate();
    if (num_classes < 1) {
      value_error(class_name(), ": expected num_classes >= 1, received ", num_classes);
    }
    if (target_class_ids.empty()) {
      value_error(class_name(), ": expected at least one class in target_class_ids");
    }
    for (const int64_t id : target_class_ids) {
      if (id < 0 || id >= num_classes) {
        value_error(class_name(), ": expected target_class_ids from 0 to ", num_classes - 1,
                    ", received ", id);
      }
    }
    if (!counts_) {
      counts_ = add_variable("total_confusion_matrix", {num_classes, num_classes}, DType::kFloat64);
    }
  }

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    if (!y_pred.defined()) value_error(class_name(), ": expected y_true and y_pred, received one");
    const Tensor t = class_ids(y_true, sparse_y_true), p = class_ids(y_pred, sparse_y_pred);
    if (!(t.shape() == p.shape())) {
      value_error(class_name(),
                  ": expected as many labels as predictions, received y_true: ", y_true.shape(),
                  ", y_pred: ", y_pred.shape());
    }
    const auto is_class = [&](const Tensor& ids) {
      return ops::logical_and(ops::greater_equal(ids, ops::scalar(0)),
                              ops::less(ids, ops::scalar(static_cast<double>(num_classes))));
    };
    Tensor counts = ops::logical_and(is_class(t), is_class(p));
    if (ignore_class) {
      counts = ops::logical_and(counts,
                                ops::not_equal(t, ops::scalar(static_cast<double>(*ignore_class))));
    }
    Tensor weight = ops::ones(t.shape(), DType::kFloat64);
    if (sample_weight.defined()) {
      // Weights of an integer metric (the default) are integers, as in Keras.
      weight = ops::cast(ops::cast(sample_weight, dtype()), DType::kFloat64);
      if (weight.rank() > 1) weight = ops::reshape(weight, {-1});
      weight = ops::broadcast_to(weight, t.shape());
    }
    const Tensor width = Tensor::scalar(static_cast<int32_t>(num_classes));
    const Tensor place =
        ops::where(counts, ops::add(ops::multiply(t, width), p), ops::zeros_like(t));
    const Tensor sums = ops::scatter_add(ops::where(counts, weight, ops::zeros_like(weight)), place,
                                         num_classes * num_classes);
    counts_->assign(counts_->value() + ops::reshape(sums, {num_classes, num_classes}));
  }

  Tensor result() override {
    const Tensor counts = counts_->value();
    const Tensor places =
        Tensor::from<int64_t>(target_class_ids, {static_cast<int64_t>(target_class_ids.size())});
    const auto of_targets = [&](const Tensor& x) { return ops::take(x, places, 0); };
    std::vector<int64_t> diagonal;
    for (int64_t i = 0; i < num_classes; ++i) diagonal.push_back(i * (num_classes + 1));
    const Tensor both = of_targets(
        ops::take(ops::reshape(counts, {-1}), Tensor::from<int64_t>(diagonal, {num_classes}), 0));
    const Tensor either =
        of_targets(ops::sum(counts, IntList{0})) + of_targets(ops::sum(counts, IntList{1})) - both;
    // A class that is in neither does not count.
    const Tensor present = ops::cast(ops::greater(either, ops::scalar(1e-9)), counts.dtype());
    const Tensor iou = both / (either + epsilon()) * present;
    return ops::cast(ops::sum(iou) / (ops::sum(present) + epsilon()), DType::kFloat32);
  }

 protected:
  // All as one vector of ids.
  Tensor class_ids(const Tensor& y, bool sparse) const {
    const Tensor ids = ops::cast(sparse ? y : ops::argmax(y, axis), DType::kInt32);
    return ids.rank() == 1 ? ids : ops::reshape(ids, {-1});
  }

  void all_classes() {
    target_class_ids.clear();
    for (int64_t i = 0; i < num_classes; ++i) target_class_ids.push_back(i);
  }

  int64_t num_classes = 0;
  IntList target_class_ids;
  std::optional<int64_t> ignore_class;
  bool sparse_y_true = true;
  bool sparse_y_pred = true;
  int64_t axis = -1;

 private:
  VariableRef counts_;
};

class IoU final : public IoUBase {
 public:
  NACRE_CONFIG(IoU, IoUBase, num_classes, target_class_ids, ignore_class, sparse_y_true,
               sparse_y_pred, axis)
};

class BinaryIoU final : public IoUBase {
 public:
  BinaryIoU() {
    num_classes = 2;
    target_class_ids = {0, 1};
  }
  NACRE_CONFIG(BinaryIoU, IoUBase, target_class_ids, threshold)
  double threshold = 0.5;

  void update_state(const Tensor& y_true, const Tensor& y_pred,
                    const Tensor& sample_weight) override {
    if (!y_pred.defined()) value_error("BinaryIoU: expected y_true and y_pred, received one");
    const Tensor above =
        ops::greater_equal(ops::cast(y_pred, DType::kFloat32), ops::scalar(threshold));
    IoUBase::update_state(y_true, ops::cast(above, DType::kInt32), sample_weight);
  }
};

class MeanIoU final : public IoUBase {
 public:
  NACRE_CONFIG(MeanIoU, IoUBase, num_classes, ignore_class, sparse_y_true, sparse_y_pred, axis)
  void validate() override {
    all_classes();
    IoUBase::validate();
  }
};

class OneHotIoU final : public IoUBase {
 public:
  OneHotIoU() { sparse_y_true = sparse_y_pred = false; }
  NACRE_CONFIG(OneHotIoU, IoUBase, num_classes, target_class_ids, ignore_class, sparse_y_pred, axis)
};

class OneHotMeanIoU final : public IoUBase {
 public:
  OneHotMeanIoU() { sparse_y_true = sparse_y_pred = false; }
  NACRE_CONFIG(OneHotMeanIoU, IoUBase, num_classes, ignore_class, sparse_y_pred, axis)
  void validate() override {
    all_classes();
    IoUBase::validate();
  }
};

}  // namespace

void register_iou_metrics() {
  register_class<IoU>();
  register_class<BinaryIoU>();
  register_class<MeanIoU>();
  register_class<OneHotIoU>();
  register_class<OneHotMeanIoU>();
  // Their snake_case forms would read "io_u".
  ClassRegistry& registry = ClassRegistry::of("metrics");
  registry.add_alias("iou", "IoU");
  registry.add_alias("binary_iou", "BinaryIoU");
  registry.add_alias("mean_iou", "MeanIoU");
  registry.add_alias("one_hot_iou", "OneHotIoU");
  registry.add_alias("one_hot_mean_iou", "OneHotMeanIoU");
}

}  // namespace nacre
