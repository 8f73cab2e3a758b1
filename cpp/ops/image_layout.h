// The layouts of images, and their form within the ops: (batch, height, width, channels).
#pragma once

#include "nacre/ops/nn.h"
#include "ops/conv_geometry.h"

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

}  // namespace nacre
