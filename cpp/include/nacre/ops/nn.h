// Neural-network ops as C++ functions: activations, losses, normalization, convolution, pooling.
// Names, arguments and defaults are those of keras.ops.
#pragma once

#include <optional>
#include <string>

#include "nacre/ops/attrs.h"
#include "nacre/ops/ops.h"
#include "nacre/tensor/tensor.h"

namespace nacre {

// The fuzz factor of the process (1e-7; keras.config.set_epsilon).
double epsilon();
void set_epsilon(double value);
// What data_format=None means ("channels_last"; keras.config.set_image_data_format).
const std::string& image_data_format();
void set_image_data_format(const std::string& value);  // ValueError for an unknown name

}  // namespace nacre

namespace nacre::ops {

Tensor softmax(const Tensor& x, const IntList& axis = {-1});
Tensor log_softmax(const Tensor& x, const IntList& axis = {-1});
Tensor sparsemax(const Tensor& x, int64_t axis = -1);

// keras.activations.relu; ops::relu (ops.h) is the plain one.
Tensor relu_with(const Tensor& x, double negative_slope, std::optional<double> max_value,
                 double threshold);
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.2);
Tensor elu(const Tensor& x, double alpha = 1.0);
Tensor celu(const Tensor& x, double alpha = 1.0);
Tensor selu(const Tensor& x);
Tensor gelu(const Tensor& x, bool approximate = true);
Tensor glu(const Tensor& x, int64_t axis = -1);
Tensor hard_sigmoid(const Tensor& x);
Tensor hard_silu(const Tensor& x);
Tensor hard_tanh(const Tensor& x);
Tensor hard_shrink(const Tensor& x, double threshold = 0.5);
Tensor soft_shrink(const Tensor& x, double threshold = 0.5);
Tensor tanh_shrink(const Tensor& x);
Tensor threshold(const Tensor& x, double threshold, double default_value);
Tensor squareplus(const Tensor& x, double b = 4);
Tensor sparse_plus(const Tensor& x);
Tensor sparse_sigmoid(const Tensor& x);

Tensor categorical_crossentropy(const Tensor& target, const Tensor& output,
                                bool from_logits = false, int64_t axis = -1);
Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output,
                                       bool from_logits = false, int64_t axis = -1);
Tensor binary_crossentropy(const Tensor& target, const Tensor& output, bool from_logits = false);
// logsumexp(logits) - logits[label] over the last axis; labels int, shaped as logits without it.
Tensor sparse_softmax_cross_entropy(const Tensor& labels, const Tensor& logits);

// x * scale + offset per index of the last axis; scale and offset have one value a column.
Tensor scale_shift(const Tensor& x, const Tensor& scale, const Tensor& offset);
struct Moments {
  Tensor mean, variance;
};
Moments moments(const Tensor& x, const IntList& axes, bool keepdims = false);
Tensor batch_normalization(const Tensor& x, const Tensor& mean, const Tensor& variance,
                           int64_t axis, const Tensor& offset = {}, const Tensor& scale = {},
                           double epsilon = 1e-3);
// Normalizes by the batch's own statistics over all axes but `axis`; variance is biased.
struct BatchNormResult {
  Tensor y, mean, variance;
};
BatchNormResult batch_norm_train(const Tensor& x, const Tensor& scale, const Tensor& offset,
                                 int64_t axis, double epsilon);
Tensor layer_normalization(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {},
                           const IntList& axis = {-1}, std::optional<double> epsilon = {});
Tensor rms_normalization(const Tensor& x, const Tensor& scale = {}, const IntList& axis = {-1},
                         std::optional<double> epsilon = {});
Tensor normalize(const Tensor& x, const IntList& axis = {-1}, int64_t order = 2,
                 std::optional<double> epsilon = {});

// softmax(scale query key^T + bias) value, by default with scale 1 / sqrt(size). query: (batch,
// queries, heads, size); key, value: (batch, keys, key heads, sizes), where each key head serves
// heads / key heads heads. bias and mask (true: seen) broadcast to (batch, heads, queries, keys).
Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                             const Tensor& bias = {}, const Tensor& mask = {},
                             std::optional<double> scale = {}, bool is_causal = false);

using DataFormat = std::optional<std::string>;
Tensor conv(const Tensor& inputs, const Tensor& kernel, const IntList& strides = {1},
            const std::string& padding = "valid", const DataFormat& data_format = {},
            const IntList& dilation_rate = {1});
Tensor depthwise_conv(const Tensor& inputs, const Tensor& kernel, const IntList& strides = {1},
                      const std::string& padding = "valid", const DataFormat& data_format = {},
                      const IntList& dilation_rate = {1});
Tensor separable_conv(const Tensor& inputs, const Tensor& depthwise_kernel,
                      const Tensor& pointwise_kernel, const IntList& strides = {1},
                      const std::string& padding = "valid", const DataFormat& data_format = {},
                      const IntList& dilation_rate = {1});
Tensor conv_transpose(const Tensor& inputs, const Tensor& kernel, const IntList& strides = {1},
                      const std::string& padding = "valid",
                      const std::optional<IntList>& output_padding = {},
                      const DataFormat& data_format = {}, const IntList& dilation_rate = {1});
Tensor max_pool(const Tensor& inputs, const IntList& pool_size,
                const std::optional<IntList>& strides = {}, const std::string& padding = "valid",
                const DataFormat& data_format = {});
Tensor average_pool(const Tensor& inputs, const IntList& pool_size,
                    const std::optional<IntList>& strides = {},
                    const std::string& padding = "valid", const DataFormat& data_format = {});
Tensor adaptive_max_pool(const Tensor& inputs, const IntList& output_size,
                         const DataFormat& data_format = {});
Tensor adaptive_average_pool(const Tensor& inputs, const IntList& output_size,
                             const DataFormat& data_format = {});

}  // namespace nacre::ops
