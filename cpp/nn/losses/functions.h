// The losses as functions, one value a sample: shared by loss classes and metrics. y_true is cast
// to the dtype of y_pred (but class ids stay integers); ValueError where the shapes do not fit.
#pragma once

#include <optional>
#include <string_view>

#include "nacre/ops/attrs.h"
#include "nacre/tensor/tensor.h"

namespace nacre::losses {

// How probabilities are given and classes are laid out.
struct CrossentropyOptions {
  bool from_logits = false;
  double label_smoothing = 0;
  int64_t axis = -1;
};

// Casts y_true to y_pred's dtype, brings both to one rank and checks that they broadcast.
void match(std::string_view name, Tensor& y_true, Tensor& y_pred);

Tensor mean_squared_error(const Tensor& y_true, const Tensor& y_pred);
Tensor mean_absolute_error(const Tensor& y_true, const Tensor& y_pred);
Tensor mean_absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred);
Tensor mean_squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred);
Tensor huber(const Tensor& y_true, const Tensor& y_pred, double delta = 1);
Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred);
// Minus the cosine of the angle between the two along `axis`.
Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, int64_t axis = -1);

Tensor hinge(const Tensor& y_true, const Tensor& y_pred);
Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred);
Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred);

Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred);
Tensor poisson(const Tensor& y_true, const Tensor& y_pred);
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                           const CrossentropyOptions& options);
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                const CrossentropyOptions& options);
// Samples whose class id is `ignore_class` give 0.
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                       bool from_logits = false,
                                       std::optional<int64_t> ignore_class = {}, int64_t axis = -1);
Tensor binary_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                 bool apply_class_balancing, double alpha, double gamma,
                                 const CrossentropyOptions& options);
// alpha: one weight, or one a class.
Tensor categorical_focal_crossentropy(const Tensor& y_true, const Tensor& y_pred,
                                      const FloatList& alpha, double gamma,
                                      const CrossentropyOptions& options);

// Of overlap, over the axes given (all without any).
Tensor dice(const Tensor& y_true, const Tensor& y_pred, const std::optional<IntList>& axis = {});
Tensor tversky(const Tensor& y_true, const Tensor& y_pred, double alpha, double beta,
               const std::optional<IntList>& axis = {});
Tensor categorical_generalized_cross_entropy(const Tensor& y_true, const Tensor& y_pred, double q);
// Pairs of y_pred's embeddings with those of `references`, which are y_pred's own when undefined.
Tensor circle(const Tensor& y_true, const Tensor& y_pred, double gamma, double margin,
              bool remove_diagonal, const Tensor& reference_labels = {},
              const Tensor& references = {});

// Of labels (batch, labels), padded with 0, in logits (batch, steps, classes) whose class 0 is the
// blank.
Tensor ctc(const Tensor& y_true, const Tensor& y_pred);

}  // namespace nacre::losses
