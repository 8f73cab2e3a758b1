// Layers on the bounding boxes of images.
#pragma once

#include "nacre/nn/field_types.h"
#include "nacre/nn/layer.h"

namespace nacre {

// The same number of boxes for each image. Images are passed on; behind them come, or not, boxes
// (..., n, 4) and their labels (..., n).
class MaxNumBoundingBoxes final : public Layer {
 public:
  int64_t max_number = 0;
  int64_t fill_value = -1;
  DataFormatField data_format;
  std::optional<std::string> bounding_box_format;  // for the configuration: nothing depends on it

  NACRE_CONFIG(MaxNumBoundingBoxes, Layer, max_number, fill_value, data_format, bounding_box_format)
  void validate() override;
  Tensors call(const Tensors& inputs, const CallContext& context) override;

 private:
  Tensor cut_or_filled(const Tensor& x, int axis) const;
};

}  // namespace nacre
