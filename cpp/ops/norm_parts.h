// What the fused normalization ops share: dtypes, the trailing axes as columns, sums by column.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "nacre/ops/opdef.h"
#include "ops/rows.h"

namespace nacre {

// float32 and float64 only.
template <class F>
void dispatch_wide(DType dtype, F&& f) {
  if (dtype == DType::kFloat64) {
    f(type_tag<double>{});
  } else {
    f(type_tag<float>{});
  }
}

inline void require_wide(const InferContext& c) {
  if (c.dtype(0) != DType::kFloat32 && c.dtype(0) != DType::kFloat64) {
    type_error(c.op, ": expected float32 or float64, received ", c.dtype(0));
  }
}

inline Shape leading(const Shape& shape, int64_t trailing) {
  return Shape(shape.dims().first(static_cast<size_t>(shape.rank() - trailing)));
}

inline Shape trailing(const Shape& shape, int64_t count) {
  return Shape(shape.dims().last(static_cast<size_t>(count)));
}

inline IntList last_axes(int rank, int64_t count) {
  IntList axes;
  for (int64_t i = rank - count; i < rank; ++i) axes.push_back(i);
  return axes;
}

// Rows a chunk holds when each chunk keeps `cols` partial sums: enough work, few enough partials.
inline int64_t partial_grain(int64_t rows, int64_t cols) {
  constexpr int64_t kMaxPartials = int64_t{1} << 22;
  const int64_t chunks =
      std::clamp<int64_t>(kMaxPartials / std::max<int64_t>(1, cols), 1, kMaxChunks);
  const int64_t work = (int64_t{1} << 16) / std::max<int64_t>(1, cols);
  return std::max<int64_t>({1, work, (rows + chunks - 1) / chunks});
}

// Rows that are added up in T before double.
template <class T>
constexpr int64_t kRowsInT = std::is_same_v<T, double> ? std::numeric_limits<int64_t>::max() : 64;

// Sums of one or two columns-long vectors over all rows (total_b may be null): body(a, b, begin,
// end) adds rows to what it is given, zeros at first. Blocks of rows are added up in double, by
// chunk; chunks in their order.
template <class T, class Body>
void column_sums(int64_t rows, int64_t cols, T* total_a, T* total_b, Body body) {
  const int64_t grain = partial_grain(rows, cols);
  const int64_t size = chunk_size(rows, grain);
  const int64_t chunks = num_chunks(rows, grain);
  const int64_t width = total_b ? cols * 2 : cols;
  if (chunks <= 1 && rows <= kRowsInT<T>) {
    std::fill_n(total_a, cols, T(0));
    if (total_b) std::fill_n(total_b, cols, T(0));
    if (rows > 0) body(total_a, total_b, int64_t{0}, rows);
    return;
  }
  // Of each chunk: its sums in double, then those of a block in T.
  const int64_t stride = width * 2;
  auto* partial = static_cast<double*>(
      thread_scratch(static_cast<size_t>(chunks * stride) * sizeof(double), 2));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    double* sums = partial + begin / size * stride;
    T* block = reinterpret_cast<T*>(sums + width);
    std::fill_n(sums, width, 0.0);
    while (begin < end) {
      const int64_t stop = end - begin <= kRowsInT<T> ? end : begin + kRowsInT<T>;
      std::fill_n(block, width, T(0));
      body(block, total_b ? block + cols : nullptr, begin, stop);
      for (int64_t i = 0; i < width; ++i) sums[i] += static_cast<double>(block[i]);
      begin = stop;
    }
  });
  for (int64_t c = 1; c < chunks; ++c) {
    const double* sums = partial + c * stride;
    for (int64_t i = 0; i < width; ++i) partial[i] += sums[i];
  }
  for (int64_t i = 0; i < cols; ++i) total_a[i] = static_cast<T>(partial[i]);
  for (int64_t i = 0; total_b && i < cols; ++i) total_b[i] = static_cast<T>(partial[cols + i]);
}

}  // namespace nacre
