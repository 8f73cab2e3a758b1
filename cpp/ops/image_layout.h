// The layouts of images, and their form within the ops: (batch, height, width, channels).
#pragma once

#include "nacre/ops/image.h"
#include "ops/conv_geometry.h"
#include "ops/define.h"

namespace nacre {

class ImageLayout {
 public:
  // ValueError unless the images have rank 3 or 4.
  ImageLayout(const char* op, const Tensor& images, const ops::DataFormat& data_format)
      : channels_first_(is_channels_first(data_format, op)), single_(images.rank() == 3) {
    if (images.rank() != 3 && images.rank() != 4) {
      value_error(op, ": expected images of rank 3 (one image) or 4 (a batch), received shape ",
                  images.shape());
    }
  }
  bool channels_first() const { return channels_first_; }
  bool single() const { return single_; }
  int height_axis() const { return (single_ ? 0 : 1) + (channels_first_ ? 1 : 0); }
  int width_axis() const { return height_axis() + 1; }
  int channel_axis() const { return (single_ ? 0 : 1) + (channels_first_ ? 0 : 2); }

  Tensor to_batch(const Tensor& images) const {
    const Tensor batch = single_ ? ops::expand_dims(images, 0) : images;
    return channels_first_ ? to_channels_last(batch) : batch;
  }
  Tensor from_batch(const Tensor& batch) const {
    const Tensor images = channels_first_ ? to_channels_first(batch) : batch;
    return single_ ? ops::squeeze(images, IntList{0}) : images;
  }

 private:
  bool channels_first_, single_;
};

inline void require_floating_images(const char* op, const Tensor& images) {
  if (!is_floating(images.dtype())) {
    value_error(op, ": expected images of a floating dtype, received '", images.dtype(), "'");
  }
}

// Parts of docstrings.
inline constexpr const char* kImagesDoc =
    "    images: One image or a batch of them, of rank 3 or 4.\n";
inline constexpr const char* kFormatDoc =
    "    data_format: 'channels_last' or 'channels_first'; None is keras.config's default.\n\n";

inline constexpr const char* kFillDoc =
    "    fill_mode: What is outside: 'constant' (`fill_value`), 'nearest', 'wrap', 'mirror' (edges "
    "once)\n        or 'reflect' (edges twice).\n    fill_value: The constant.\n";

// An op of one tensor, images: its docstring from what it does, its further arguments and result.
template <class A, Tensor (*kFunction)(const Tensor&, const A&)>
void add_image_op(OpRegistry& registry, const char* name, const char* params, const char* what,
                  const char* arguments, const char* returns) {
  add_composite(
      registry, name, params,
      str_cat(what, "\n\nArgs:\n", kImagesDoc, arguments, kFormatDoc, "Returns:\n    ", returns),
      [](Inputs in, const Attrs* attrs) { return Tensors{kFunction(in[0], attrs_as<A>(attrs))}; },
      make_attrs_of<A>);
}

// ValueError for an unknown interpolation or fill_mode.
void check_sample_options(const char* op, const ops::SampleOptions& options);

// Parts of register_image_ops and register_image_sample_ops.
void register_image_filter_ops(OpRegistry& registry);
void register_image_warp_ops(OpRegistry& registry);

}  // namespace nacre
