#include "ops/rows.h"

#include "nacre/base/error.h"

namespace nacre {

IntList normalize_axes(const IntList& axes, int rank, std::string_view what) {
  IntList out;
  for (const int64_t axis : axes) out.push_back(normalize_axis(axis, rank, what));
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) {
    value_error(what, ": expected different axes, received axis=", to_string(AttrValue(axes)));
  }
  return out;
}

RowView::RowView(const Shape& shape, const IntList& axes, std::string_view what) {
  const IntList sorted = normalize_axes(axes, shape.rank(), what);
  std::array<bool, kMaxRank> reduced{};
  for (const int64_t axis : sorted) reduced[axis] = true;
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  bool seen_kept = false;  // walking from the last axis
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (reduced[axis]) {
      if (seen_kept && shape[axis] != 1) dense_ = false;
    } else if (shape[axis] != 1) {
      seen_kept = true;
    }
  }
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (reduced[axis]) {
      cols_ *= shape[axis];
    } else {
      rows_ *= shape[axis];
      kept_dims_[kept_rank_] = shape[axis];
      kept_strides_[kept_rank_++] = strides[axis];
    }
  }
  if (dense_ || rows_ == 0) return;
  col_offsets_.assign(1, 0);
  for (const int64_t axis : sorted) {
    std::vector<int64_t> next;
    next.reserve(col_offsets_.size() * static_cast<size_t>(shape[static_cast<int>(axis)]));
    for (const int64_t base : col_offsets_) {
      for (int64_t i = 0; i < shape[static_cast<int>(axis)]; ++i) {
        next.push_back(base + i * strides[axis]);
      }
    }
    col_offsets_ = std::move(next);
  }
}

int64_t RowView::row_offset(int64_t row) const {
  int64_t offset = 0;
  for (int d = kept_rank_ - 1; d >= 0; --d) {
    offset += (row % kept_dims_[d]) * kept_strides_[d];
    row /= kept_dims_[d];
  }
  return offset;
}

}  // namespace nacre
