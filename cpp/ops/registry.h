// The families of ops. A new family file declares its function here and is called once below.
#pragma once

#include "nacre/ops/opdef.h"

namespace nacre {

void register_elementwise_ops(OpRegistry& registry);
void register_cast_ops(OpRegistry& registry);
void register_elementwise_more_ops(OpRegistry& registry);
void register_join_ops(OpRegistry& registry);
void register_creation_ops(OpRegistry& registry);
void register_slicing_ops(OpRegistry& registry);
void register_gather_ops(OpRegistry& registry);
void register_scatter_ops(OpRegistry& registry);
void register_sorting_ops(OpRegistry& registry);
void register_one_hot_ops(OpRegistry& registry);
void register_categorical_ops(OpRegistry& registry);
void register_arrange_ops(OpRegistry& registry);
void register_pad_ops(OpRegistry& registry);
void register_split_ops(OpRegistry& registry);
void register_diagonal_ops(OpRegistry& registry);
void register_scan_ops(OpRegistry& registry);
void register_statistics_ops(OpRegistry& registry);
void register_product_ops(OpRegistry& registry);
void register_einsum_ops(OpRegistry& registry);
void register_bitwise_ops(OpRegistry& registry);
void register_numeric_ops(OpRegistry& registry);
void register_shape_ops(OpRegistry& registry);
void register_reduction_ops(OpRegistry& registry);
void register_matmul_ops(OpRegistry& registry);
void register_packing_ops(OpRegistry& registry);
void register_optimizer_ops(OpRegistry& registry);
void register_softmax_ops(OpRegistry& registry);
void register_activation_ops(OpRegistry& registry);
void register_cross_entropy_ops(OpRegistry& registry);
void register_ctc_ops(OpRegistry& registry);
void register_ctc_decode_op(OpRegistry& registry);
void register_norm_ops(OpRegistry& registry);
void register_attention_ops(OpRegistry& registry);
void register_conv_ops(OpRegistry& registry);
void register_pool_ops(OpRegistry& registry);
void register_image_ops(OpRegistry& registry);
void register_image_resample_ops(OpRegistry& registry);
void register_image_sample_ops(OpRegistry& registry);
void register_rnn_ops(OpRegistry& registry);
void register_random_ops(OpRegistry& registry);
void register_linalg_ops(OpRegistry& registry);
void register_fft_ops(OpRegistry& registry);

inline void register_all_ops(OpRegistry& registry) {
  register_elementwise_ops(registry);
  register_cast_ops(registry);
  register_elementwise_more_ops(registry);
  register_join_ops(registry);
  register_creation_ops(registry);
  register_slicing_ops(registry);
  register_gather_ops(registry);
  register_scatter_ops(registry);
  register_sorting_ops(registry);
  register_one_hot_ops(registry);
  register_categorical_ops(registry);
  register_arrange_ops(registry);
  register_pad_ops(registry);
  register_split_ops(registry);
  register_diagonal_ops(registry);
  register_scan_ops(registry);
  register_statistics_ops(registry);
  register_product_ops(registry);
  register_einsum_ops(registry);
  register_bitwise_ops(registry);
  register_numeric_ops(registry);
  register_shape_ops(registry);
  register_reduction_ops(registry);
  register_matmul_ops(registry);
  register_packing_ops(registry);
  register_optimizer_ops(registry);
  register_softmax_ops(registry);
  register_activation_ops(registry);
  register_cross_entropy_ops(registry);
  register_ctc_ops(registry);
  register_ctc_decode_op(registry);
  register_norm_ops(registry);
  register_attention_ops(registry);
  register_conv_ops(registry);
  register_pool_ops(registry);
  register_image_ops(registry);
  register_image_resample_ops(registry);
  register_image_sample_ops(registry);
  register_rnn_ops(registry);
  register_random_ops(registry);
  register_linalg_ops(registry);
  register_fft_ops(registry);
}

}  // namespace nacre
