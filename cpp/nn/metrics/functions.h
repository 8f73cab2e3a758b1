// Accuracies and correlations as functions, one value a sample in floatx.
#pragma once

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre::metrics {

Tensor accuracy(const Tensor& y_true, const Tensor& y_pred);
Tensor binary_accuracy(const Tensor& y_true, const Tensor& y_pred, double threshold = 0.5);
Tensor categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);
Tensor sparse_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred);
Tensor top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k = 5);
// from_sorted_ids: y_pred holds class ids, the likeliest first.
Tensor sparse_top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, int64_t k = 5,
                                         bool from_sorted_ids = false);

// Of Pearson, and of Lin (1989), which also counts a shift or another scale.
Tensor pearson_correlation(const Tensor& y_true, const Tensor& y_pred, const IntList& axis = {-1});
Tensor concordance_correlation(const Tensor& y_true, const Tensor& y_pred,
                               const IntList& axis = {-1});

// 0, 1, ..., n - 1 as int32.
Tensor class_ids(int64_t n);

}  // namespace nacre::metrics
