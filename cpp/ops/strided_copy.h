// The engine of every op that only moves elements: transpose, broadcast, slice, pad, flip, tile,
// concatenate ... A copy is a list of axes, outermost first, each with its length and the strides
// (in elements, any sign, 0 to repeat) of the source and the destination.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nacre/base/shape.h"

namespace nacre {

// Strides of a dense row-major array, in elements.
std::array<int64_t, kMaxRank> dense_strides(const Shape& shape);

class StridedCopy {
 public:
  void add_axis(int64_t dim, int64_t src_stride, int64_t dst_stride);
  // Copies; src and dst point at the first element. Parallel where it is worth it.
  void run(const void* src, void* dst, size_t element_size) const;

 private:
  static constexpr int kMaxAxes = 2 * kMaxRank;
  template <class T>
  void run_as(const T* src, T* dst) const;
  template <class T>
  void run_transposed(const T* src, T* dst, int contiguous_axis) const;

  int rank_ = 0;
  bool empty_ = false;
  std::array<int64_t, kMaxAxes> dims_{};
  std::array<int64_t, kMaxAxes> src_{};
  std::array<int64_t, kMaxAxes> dst_{};
};

// Calls f with an unsigned integer of `element_size` bytes: 1, 2, 4 or 8.
template <class F>
decltype(auto) dispatch_size(size_t element_size, F&& f) {
  switch (element_size) {
    case 1:
      return f(uint8_t{});
    case 2:
      return f(uint16_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint64_t{});
  }
}

}  // namespace nacre
