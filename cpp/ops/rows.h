// Row-wise ops along any axes: the tensor is seen as a matrix whose rows run along the given axes.
// Where these are the last ones the data is that matrix; else blocks of rows are gathered into it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "nacre/base/parallel.h"
#include "nacre/base/shape.h"
#include "nacre/ops/attrs.h"

namespace nacre {

// Sorted, unique axes in [0, rank); ValueError naming `what`.
IntList normalize_axes(const IntList& axes, int rank, std::string_view what);

class RowView {
 public:
  RowView(const Shape& shape, const IntList& axes, std::string_view what);

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  bool dense() const { return dense_; }
  int64_t row_offset(int64_t row) const;
  const std::vector<int64_t>& col_offsets() const { return col_offsets_; }

 private:
  int64_t rows_ = 1;
  int64_t cols_ = 1;
  bool dense_ = true;
  int kept_rank_ = 0;
  std::array<int64_t, kMaxRank> kept_dims_{};
  std::array<int64_t, kMaxRank> kept_strides_{};
  std::vector<int64_t> col_offsets_;  // empty when dense
};

inline constexpr int64_t kRowWork = 16384;    // elements of a parallel chunk, at least
inline constexpr int64_t kGatheredRows = 16;  // rows gathered at once

// f(matrices, result, begin, end) over rows [begin, end) of dense matrices, in parallel.
template <class T, size_t N, class F>
void for_each_row(const RowView& view, const std::array<const T*, N>& in, T* out, F f) {
  const int64_t cols = view.cols();
  if (view.rows() == 0 || cols == 0) return;
  const int64_t grain = std::max<int64_t>(1, kRowWork / cols);
  if (view.dense()) {
    parallel_for(view.rows(), grain, [&](int64_t begin, int64_t end) { f(in, out, begin, end); });
    return;
  }
  parallel_for(view.rows(), std::max(grain, kGatheredRows), [&](int64_t begin, int64_t end) {
    const size_t matrix = static_cast<size_t>(kGatheredRows * cols);
    T* scratch = static_cast<T*>(thread_scratch((N + 1) * matrix * sizeof(T), 3));
    std::array<const T*, N> gathered;
    for (size_t k = 0; k < N; ++k) gathered[k] = scratch + k * matrix;
    T* result = scratch + N * matrix;
    std::array<int64_t, kGatheredRows> offset;
    const std::vector<int64_t>& col_offset = view.col_offsets();
    for (int64_t at = begin; at < end; at += kGatheredRows) {
      const int64_t n = std::min(kGatheredRows, end - at);
      for (int64_t r = 0; r < n; ++r) offset[r] = view.row_offset(at + r);
      for (size_t k = 0; k < N; ++k) {
        T* to = scratch + k * matrix;
        for (int64_t c = 0; c < cols; ++c) {
          for (int64_t r = 0; r < n; ++r) to[r * cols + c] = in[k][offset[r] + col_offset[c]];
        }
      }
      f(gathered, result, 0, n);
      for (int64_t c = 0; c < cols; ++c) {
        for (int64_t r = 0; r < n; ++r) out[offset[r] + col_offset[c]] = result[r * cols + c];
      }
    }
  });
}

}  // namespace nacre
