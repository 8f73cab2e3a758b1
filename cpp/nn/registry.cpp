#include "nn/registry.h"

namespace nacre {

void register_builtin_classes() {
  register_initializers();
  register_stft_initializer();
  register_regularizers();
  register_constraints();
  register_core_layers();
  register_activation_layers();
  register_reshaping_layers();
  register_merging_layers();
  register_preprocessing_layers();
  register_categorical_layers();
  register_spectrogram_layers();
  register_norm_layers();
  register_attention_layers();
  register_position_layers();
  register_conv_layers();
  register_pool_layers();
  register_regularization_layers();
  register_augmentation_layers();
  register_recurrent_layers();
  register_recurrent_wrappers();
  register_recurrent_conv_layers();
  register_losses();
  register_metrics();
  register_schedules();
  register_optimizers();
  register_models();
}

}  // namespace nacre
