// Broadcast loops: walk an output in row-major order with up to three operands that repeat along
// some axes, and hand over runs in which each operand either steps by one or stands still.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "nacre/base/parallel.h"
#include "nacre/base/shape.h"

namespace nacre {

// Elementwise work is spread over threads in chunks of this many elements: below it a wake-up costs
// more than the work.
inline constexpr int64_t kElementwiseGrain = 32768;

template <int N>
class BroadcastLoop {
 public:
  // `out` is the broadcast of the operands' shapes.
  BroadcastLoop(const Shape& out, std::array<const Shape*, N> operands) : size_(out.size()) {
    for (int axis = 0; axis < out.rank(); ++axis) {
      const int64_t dim = out[axis];
      if (dim == 1) continue;
      std::array<bool, N> repeats;
      for (int k = 0; k < N; ++k) {
        const int own = axis - out.rank() + operands[k]->rank();
        repeats[k] = own < 0 || (*operands[k])[own] == 1;
      }
      if (rank_ > 0 && repeats == repeats_[rank_ - 1]) {
        dims_[rank_ - 1] *= dim;  // axes with the same pattern are one
      } else {
        repeats_[rank_] = repeats;
        dims_[rank_++] = dim;
      }
    }
    if (rank_ == 0) {
      dims_[0] = 1;
      repeats_[0].fill(true);
      rank_ = 1;
    }
    for (int k = 0; k < N; ++k) {
      int64_t stride = 1;
      for (int d = rank_ - 1; d >= 0; --d) {
        strides_[k][d] = repeats_[d][k] ? 0 : stride;
        if (!repeats_[d][k]) stride *= dims_[d];
      }
    }
  }

  // run(out_offset, operand_offsets, n, operand_steps), in parallel.
  template <class Run>
  void operator()(Run&& run, int64_t grain = kElementwiseGrain) const {
    if (size_ == 0) return;
    parallel_for(size_, grain, [&](int64_t begin, int64_t end) { walk(begin, end, run); });
  }

 private:
  template <class Run>
  void walk(int64_t begin, int64_t end, Run& run) const {
    std::array<int64_t, kMaxRank> index{};
    std::array<int64_t, N> offset{};
    int64_t rest = begin;
    for (int d = rank_ - 1; d >= 0; --d) {
      index[d] = rest % dims_[d];
      rest /= dims_[d];
      for (int k = 0; k < N; ++k) offset[k] += index[d] * strides_[k][d];
    }
    std::array<int, N> steps;
    const int last = rank_ - 1;
    for (int k = 0; k < N; ++k) steps[k] = static_cast<int>(strides_[k][last]);
    for (int64_t at = begin; at < end;) {
      const int64_t n = std::min(end - at, dims_[last] - index[last]);
      run(at, offset, n, steps);
      at += n;
      index[last] += n;
      for (int k = 0; k < N; ++k) offset[k] += n * strides_[k][last];
      for (int d = last; d > 0 && index[d] == dims_[d]; --d) {
        for (int k = 0; k < N; ++k) offset[k] += strides_[k][d - 1] - dims_[d] * strides_[k][d];
        index[d] = 0;
        ++index[d - 1];
      }
    }
  }

  int64_t size_;
  int rank_ = 0;
  std::array<int64_t, kMaxRank> dims_{};
  std::array<std::array<bool, N>, kMaxRank> repeats_{};
  std::array<std::array<int64_t, kMaxRank>, N> strides_{};
};

}  // namespace nacre
