#include "nacre/nn/layers/augmentation_boxes.h"

#include "nacre/ops/ops.h"

namespace nacre {

void MaxNumBoundingBoxes::validate() {
  Layer::validate();
  set_autocast(false);  // boxes keep their digits
  if (max_number < 0) {
    value_error("MaxNumBoundingBoxes: expected max_number of at least 0, received ", max_number);
  }
}

Tensor MaxNumBoundingBoxes::cut_or_filled(const Tensor& x, int axis) const {
  Shape shape = x.shape();
  const int64_t count = shape[axis];
  if (x.is_placeholder()) {
    shape[axis] = max_number;
    return Tensor::placeholder({x.dtype(), shape});
  }
  if (count >= max_number) return ops::slice_axis(x, axis, 0, max_number);
  shape[axis] = max_number - count;
  const Tensor filling = ops::full(shape, static_cast<double>(fill_value), x.dtype());
  return ops::concatenate({x, filling}, axis);
}

Tensors MaxNumBoundingBoxes::call(const Tensors& inputs, const CallContext& context) {
  if (inputs.size() != 1 && inputs.size() != 3) {
    value_error("expected images, or images, boxes and their labels, received ", inputs.size(),
                " tensors");
  }
  Tensors outputs = inputs;
  if (is_floating(inputs[0].dtype()) && inputs[0].dtype() != compute_dtype()) {
    outputs[0] = ops::cast(inputs[0], compute_dtype());
  }
  if (inputs.size() == 1) return outputs;
  const Tensor &boxes = inputs[1], &labels = inputs[2];
  const int axis = inputs[0].rank() - 3;  // of the boxes: 0 for one image, 1 for a batch
  if (axis != 0 && axis != 1) {
    value_error("expected images of rank 3 (one image) or 4 (a batch), received shape ",
                inputs[0].shape());
  }
  if (boxes.rank() != axis + 2 || boxes.shape().back() != 4) {
    value_error("expected boxes of shape ", axis == 0 ? "(boxes, 4)" : "(batch, boxes, 4)",
                ", received ", boxes.shape());
  }
  bool match = labels.rank() == axis + 1;
  for (int i = 0; match && i <= axis; ++i) {
    const int64_t a = labels.shape()[i], b = boxes.shape()[i];
    match = a == b || a < 0 || b < 0;  // unknown
  }
  if (!match) {
    value_error("expected a label for each box, received shapes ", labels.shape(), " and ",
                boxes.shape());
  }
  const Tensor precise =
      boxes.dtype() == DType::kFloat32 ? boxes : ops::cast(boxes, DType::kFloat32);
  outputs[1] = cut_or_filled(precise, axis);
  outputs[2] = cut_or_filled(labels, axis);
  return outputs;
}

}  // namespace nacre
