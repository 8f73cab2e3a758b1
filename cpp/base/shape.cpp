#include "nacre/base/shape.h"

#include <algorithm>

#include "nacre/base/error.h"

namespace nacre {

Shape::Shape(std::span<const int64_t> dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    value_error("expected at most ", kMaxRank, " dimensions, received ", dims.size());
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
  rank_ = static_cast<int8_t>(dims.size());
}

int64_t Shape::size(int begin_axis, int end_axis) const {
  int64_t product = 1;
  bool unknown = false;
  for (int i = begin_axis; i < end_axis; ++i) {
    if (dims_[i] < 0) {
      unknown = true;
    } else {
      product *= dims_[i];
    }
  }
  return unknown ? kUnknownDim : product;
}

int64_t Shape::size() const {
  return size(0, rank_);
}

bool Shape::is_known() const {
  return std::all_of(begin(), end(), [](int64_t dim) { return dim >= 0; });
}

void Shape::push_back(int64_t dim) {
  insert(rank_, dim);
}

void Shape::erase(int axis) {
  std::copy(dims_.begin() + axis + 1, dims_.begin() + rank_, dims_.begin() + axis);
  --rank_;
}

void Shape::insert(int axis, int64_t dim) {
  if (rank_ == kMaxRank) value_error("expected at most ", kMaxRank, " dimensions");
  std::copy_backward(dims_.begin() + axis, dims_.begin() + rank_, dims_.begin() + rank_ + 1);
  dims_[axis] = dim;
  ++rank_;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Shape::str() const {
  std::string text = "(";
  for (int i = 0; i < rank_; ++i) {
    if (i) text += ", ";
    text += dims_[i] < 0 ? "None" : std::to_string(dims_[i]);
  }
  if (rank_ == 1) text += ",";
  return text + ")";
}

int normalize_axis(int64_t axis, int rank, std::string_view what) {
  if (axis < -rank || axis >= rank) {
    value_error(what, ": expected axis in [", -rank, ", ", rank, "), received ", axis);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view what) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - rank + a.rank();
    const int ib = i - rank + b.rank();
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da == db || db == 1) {
      out.push_back(da);
    } else if (da == 1 || da < 0) {
      out.push_back(db);
    } else if (db < 0) {
      out.push_back(da);
    } else {
      value_error(what, ": expected shapes that broadcast together, received ", a, " and ", b);
    }
  }
  return out;
}

}  // namespace nacre
