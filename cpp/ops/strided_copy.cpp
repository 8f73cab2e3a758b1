#include "ops/strided_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/abi.h"
#include "nacre/base/error.h"
#include "ops/loop.h"

namespace nacre {
namespace {

constexpr int64_t kTile = 32;

template <class T>
void copy_row(const T* src, int64_t src_stride, T* dst, int64_t dst_stride, int64_t n) {
  if (dst_stride == 1 && src_stride == 1) {
    std::memcpy(dst, src, static_cast<size_t>(n) * sizeof(T));
  } else if (dst_stride == 1 && src_stride == 0) {
    std::fill(dst, dst + n, *src);
  } else {
    for (int64_t i = 0; i < n; ++i) dst[i * dst_stride] = src[i * src_stride];
  }
}

}  // namespace

std::array<int64_t, kMaxRank> dense_strides(const Shape& shape) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

void StridedCopy::add_axis(int64_t dim, int64_t src_stride, int64_t dst_stride) {
  if (dim == 0) empty_ = true;
  if (dim == 1) return;
  if (rank_ > 0 && src_[rank_ - 1] == src_stride * dim && dst_[rank_ - 1] == dst_stride * dim) {
    dims_[rank_ - 1] *= dim;
    src_[rank_ - 1] = src_stride;
    dst_[rank_ - 1] = dst_stride;
    return;
  }
  if (rank_ == kMaxAxes) value_error("copy: expected at most ", kMaxAxes, " axes");
  dims_[rank_] = dim;
  src_[rank_] = src_stride;
  dst_[rank_++] = dst_stride;
}

void StridedCopy::run(const void* src, void* dst, size_t element_size) const {
  if (empty_) return;
  dispatch_size(element_size,
                [&]<class T>(T) { run_as(static_cast<const T*>(src), static_cast<T*>(dst)); });
}

template <class T>
void StridedCopy::run_as(const T* src, T* dst) const {
  if (rank_ == 0) {
    *dst = *src;
    return;
  }
  const int last = rank_ - 1;
  if (rank_ == 1) {
    const int64_t s = src_[0];
    const int64_t d = dst_[0];
    parallel_for(dims_[0], kElementwiseGrain, [=](int64_t begin, int64_t end) {
      copy_row(src + begin * s, s, dst + begin * d, d, end - begin);
    });
    return;
  }
  if (src_[last] != 1 && src_[last] != 0 && dst_[last] == 1 && dims_[last] > 1) {
    for (int axis = last - 1; axis >= 0; --axis) {
      if (src_[axis] == 1) return run_transposed(src, dst, axis);
    }
  }
  int64_t rows = 1;
  for (int axis = 0; axis < last; ++axis) rows *= dims_[axis];
  const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / dims_[last]);
  parallel_for(rows, grain, [this, src, dst, last](int64_t begin, int64_t end) {
    std::array<int64_t, kMaxAxes> index{};
    const T* s = src;
    T* d = dst;
    int64_t rest = begin;
    for (int axis = last - 1; axis >= 0; --axis) {
      index[axis] = rest % dims_[axis];
      rest /= dims_[axis];
      s += index[axis] * src_[axis];
      d += index[axis] * dst_[axis];
    }
    for (int64_t row = begin; row < end; ++row) {
      copy_row(s, src_[last], d, dst_[last], dims_[last]);
      for (int axis = last - 1; axis >= 0; --axis) {
        s += src_[axis];
        d += dst_[axis];
        if (++index[axis] < dims_[axis]) break;
        s -= src_[axis] * dims_[axis];
        d -= dst_[axis] * dims_[axis];
        index[axis] = 0;
      }
    }
  });
}

// The last axis strides in the source and `contiguous_axis` steps by one there: tiles of both, so
// that whole cache lines are used on either side.
template <class T>
void StridedCopy::run_transposed(const T* src, T* dst, int contiguous_axis) const {
  const int last = rank_ - 1;
  const int64_t cols = dims_[contiguous_axis];
  const int64_t rows = dims_[last];
  const int64_t src_row = src_[last];
  const int64_t dst_col = dst_[contiguous_axis];
  int64_t outer = 1;
  for (int axis = 0; axis < last; ++axis) {
    if (axis != contiguous_axis) outer *= dims_[axis];
  }
  const auto fast = kernels::table().transpose;
  const bool use_fast = sizeof(T) == 4 && fast && src_row == cols && dst_col == rows;
  const int64_t strips = (cols + kTile - 1) / kTile;
  const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / (kTile * rows));
  parallel_for(outer * strips, grain, [=, this](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      int64_t rest = item / strips;
      const T* s = src;
      T* d = dst;
      for (int axis = last - 1; axis >= 0; --axis) {
        if (axis == contiguous_axis) continue;
        const int64_t i = rest % dims_[axis];
        rest /= dims_[axis];
        s += i * src_[axis];
        d += i * dst_[axis];
      }
      const int64_t c0 = (item % strips) * kTile;
      const int64_t c1 = std::min(cols, c0 + kTile);
      if (use_fast) {
        fast(reinterpret_cast<const float*>(s), reinterpret_cast<float*>(d), rows, cols, c0, c1);
        continue;
      }
      for (int64_t r0 = 0; r0 < rows; r0 += kTile) {
        const int64_t r1 = std::min(rows, r0 + kTile);
        for (int64_t c = c0; c < c1; ++c) {
          for (int64_t r = r0; r < r1; ++r) d[c * dst_col + r] = s[c + r * src_row];
        }
      }
    }
  });
}

}  // namespace nacre
