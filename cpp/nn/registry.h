// The classes of the library by module. A family registers its own in its file and is called here.
#pragma once

#include "nacre/nn/configurable.h"

namespace nacre {

template <class T>
Ref<Configurable> make_configurable() {
  return make_ref<T>();
}

// Registers T under its class name in its module.
template <class T>
void register_class() {
  const Ref<T> sample = make_ref<T>();
  ClassRegistry::of(sample->module()).add(sample->class_name(), make_configurable<T>);
}

void register_initializers();
void register_stft_initializer();
void register_regularizers();
void register_constraints();
void register_core_layers();
void register_activation_layers();
void register_reshaping_layers();
void register_merging_layers();
void register_preprocessing_layers();
void register_categorical_layers();
void register_spectrogram_layers();
void register_norm_layers();
void register_attention_layers();
void register_position_layers();
void register_conv_layers();
void register_pool_layers();
void register_regularization_layers();
void register_augmentation_layers();
void register_recurrent_layers();
void register_recurrent_wrappers();
void register_recurrent_conv_layers();
void register_losses();
void register_metrics();
void register_optimizers();
void register_schedules();
void register_models();
// "mse", "mae", ...: short names that losses and metrics share.
void register_loss_aliases(std::string_view module);

// In the order in which defaults need each other.
void register_builtin_classes();

}  // namespace nacre
