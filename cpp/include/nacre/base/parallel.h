// parallel_for: the one place that knows how work is spread over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace nacre {

// Runs body(context, begin, end) over [0, n) in chunks of at least `grain` items. The chunks depend
// on n and grain only, never on the number of threads, so results that are reduced per chunk have
// the same bits for any number. Work of one chunk runs in the caller. Nested calls run serially.
// An exception thrown by a chunk is rethrown in the caller after the others have finished.
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

// How many threads parallel_for may use: NACRE_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs this
// process may use (affinity mask and cgroup quota).
int num_threads();
void set_num_threads(int n);  // ValueError below 1

// The number of chunks parallel_for makes, for callers that keep one partial result per chunk.
int64_t num_chunks(int64_t n, int64_t grain);

// A buffer of at least `bytes`, 64-byte aligned, owned by the calling thread and reused by its next
// call with the same slot (0..3); contents are undefined. MemoryError if it cannot be had.
void* thread_scratch(size_t bytes, int slot = 0);

}  // namespace nacre
