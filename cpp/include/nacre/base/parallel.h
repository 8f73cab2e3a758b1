// parallel_for: the one place that knows how work is spread over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace nacre {

// Runs body(context, begin, end) over [0, n) in chunks: chunk c is [c * size, min((c + 1) * size,
// n)) with size = chunk_size(n, grain). The chunks depend on n and grain only, never on the number
// of threads, so results that are reduced per chunk have the same bits for any number. Chunks are
// claimed as threads become free; the caller takes part, and the call returns when its chunks are
// done. Nested calls, and calls in a child after fork(), run the same chunks serially. An exception
// thrown by a chunk is rethrown in the caller after the others have finished. Any thread may call.
void parallel_for(int64_t n, int64_t grain, void (*body)(void* context, int64_t begin, int64_t end),
                  void* context);

// The same for a callable body(begin, end), without allocating.
template <class Body>
void parallel_for(int64_t n, int64_t grain, Body&& body) {
  parallel_for(
      n, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

// The size of the chunks parallel_for makes: the smallest multiple of `grain` (taken as at least 1)
// that makes at most kMaxChunks of them. Every chunk but the last has this size.
inline constexpr int64_t kMaxChunks = 256;
int64_t chunk_size(int64_t n, int64_t grain);
// The number of chunks, for callers that keep one partial result per chunk (index begin / size).
int64_t num_chunks(int64_t n, int64_t grain);

// How many threads parallel_for may use: NACRE_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs
// this process may use (affinity mask and cgroup quota).
int num_threads();
void set_num_threads(int n);  // ValueError below 1

// A buffer of at least `bytes`, 64-byte aligned, owned by the calling thread and reused by its next
// call with the same slot (0..4); contents are undefined. MemoryError if it cannot be had.
void* thread_scratch(size_t bytes, int slot = 0);

}  // namespace nacre
