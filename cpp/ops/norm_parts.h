// What the fused normalization ops share: dtypes, the trailing axes as columns, sums by column.
#pragma once

#include <algorithm>

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

// Sums of one or two columns-long vectors over all rows (total_b may be null): body(a, b, begin,
// end) accumulates into partials of its chunk, which are added in order of the chunks.
template <class T, class Body>
void column_sums(int64_t rows, int64_t cols, T* total_a, T* total_b, Body body) {
  const int64_t grain = partial_grain(rows, cols);
  const int64_t size = chunk_size(rows, grain);
  const int64_t chunks = num_chunks(rows, grain);
  const int64_t width = total_b ? cols * 2 : cols;
  std::fill_n(total_a, cols, T(0));
  if (total_b) std::fill_n(total_b, cols, T(0));
  if (chunks <= 1) {
    if (rows > 0) body(total_a, total_b, int64_t{0}, rows);
    return;
  }
  T* partial = static_cast<T*>(thread_scratch(static_cast<size_t>(chunks * width) * sizeof(T), 2));
  parallel_for(rows, grain, [&](int64_t begin, int64_t end) {
    T* a = partial + begin / size * width;
    std::fill_n(a, width, T(0));
    body(a, total_b ? a + cols : nullptr, begin, end);
  });
  for (int64_t c = 0; c < chunks; ++c) {
    const T* a = partial + c * width;
    for (int64_t i = 0; i < cols; ++i) total_a[i] += a[i];
    for (int64_t i = 0; total_b && i < cols; ++i) total_b[i] += a[cols + i];
  }
}

}  // namespace nacre
