#include "nacre/device/storage.h"

#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "nacre/base/error.h"

namespace nacre {
namespace {

// Size classes are quarter powers of two, so at most a fifth of a block is unused.
constexpr int kClassesPerDoubling = 4;
constexpr int kSmallestLog2 = 6;
constexpr int kNumClasses = (48 - kSmallestLog2) * kClassesPerDoubling + 1;
constexpr size_t kMaxCachedBytes = size_t{256} << 20;
constexpr size_t kMaxCachedBlock = size_t{64} << 20;

struct SizeClass {
  int index;
  size_t bytes;
};

SizeClass size_class(size_t bytes) {
  if (bytes <= (size_t{1} << kSmallestLog2)) return {0, size_t{1} << kSmallestLog2};
  const int log2 = std::bit_width(bytes - 1) - 1;  // 2^log2 < bytes <= 2^(log2 + 1)
  const size_t base = size_t{1} << log2;
  const size_t step = base / kClassesPerDoubling;
  const size_t quarter = (bytes - base + step - 1) / step;
  const size_t rounded = base + quarter * step;
  return {(log2 - kSmallestLog2) * kClassesPerDoubling + static_cast<int>(quarter),
          (rounded + kAlignment - 1) / kAlignment * kAlignment};
}

struct Cache {
  std::mutex mutex;
  std::array<std::vector<void*>, kNumClasses> free_blocks;
  size_t cached_bytes = 0;
};

// Never destroyed: tensors held by Python outlive static destructors.
Cache& cache() {
  static Cache* instance = new Cache;
  return *instance;
}

// Blocks of the smallest classes that this thread freed last: most tensors of eager code come and
// go without a lock. Returned to the system when the thread ends.
constexpr int kThreadClasses = 16;  // up to 1 KiB
constexpr int kThreadBlocks = 16;   // of each class

struct ThreadBlocks {
  std::array<std::array<void*, kThreadBlocks>, kThreadClasses> blocks;
  std::array<int, kThreadClasses> count;
  bool watched;  // returned at the end of the thread
  bool closed;   // the thread has returned them
};
constinit thread_local ThreadBlocks t_blocks{};

struct ReturnAtThreadEnd {
  ~ReturnAtThreadEnd() {
    t_blocks.closed = true;
    for (int c = 0; c < kThreadClasses; ++c) {
      for (int i = 0; i < t_blocks.count[c]; ++i) std::free(t_blocks.blocks[c][i]);
      t_blocks.count[c] = 0;
    }
  }
};

void* take_thread_block(int cls) {
  if (cls >= kThreadClasses || t_blocks.count[cls] == 0) return nullptr;
  return t_blocks.blocks[cls][--t_blocks.count[cls]];
}

bool keep_thread_block(int cls, void* block) {
  if (cls >= kThreadClasses || t_blocks.closed || t_blocks.count[cls] == kThreadBlocks)
    return false;
  if (!t_blocks.watched) {
    static thread_local ReturnAtThreadEnd at_end;
    (void)at_end;
    t_blocks.watched = true;
  }
  t_blocks.blocks[cls][t_blocks.count[cls]++] = block;
  return true;
}

std::atomic<size_t> g_allocated{0};
std::atomic<size_t> g_peak{0};

void count_allocation(size_t bytes) {
  const size_t now = g_allocated.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  size_t peak = g_peak.load(std::memory_order_relaxed);
  while (now > peak && !g_peak.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
}

}  // namespace

void* allocate(size_t bytes) {
  if (bytes >> 47) raise(ErrorKind::kMemory, "cannot allocate ", bytes, " bytes");
  const SizeClass cls = size_class(bytes);
  if (void* block = take_thread_block(cls.index)) {
    count_allocation(cls.bytes);
    return block;
  }
  Cache& c = cache();
  {
    const std::lock_guard lock(c.mutex);
    auto& blocks = c.free_blocks[cls.index];
    if (!blocks.empty()) {
      void* block = blocks.back();
      blocks.pop_back();
      c.cached_bytes -= cls.bytes;
      count_allocation(cls.bytes);
      return block;
    }
  }
  void* block = std::aligned_alloc(kAlignment, cls.bytes);
  if (!block) {
    release_cached_memory();
    block = std::aligned_alloc(kAlignment, cls.bytes);
  }
  if (!block) raise(ErrorKind::kMemory, "cannot allocate ", bytes, " bytes");
  count_allocation(cls.bytes);
  return block;
}

void deallocate(void* data, size_t bytes) {
  if (!data) return;
  const SizeClass cls = size_class(bytes);
  g_allocated.fetch_sub(cls.bytes, std::memory_order_relaxed);
  if (keep_thread_block(cls.index, data)) return;
  Cache& c = cache();
  {
    const std::lock_guard lock(c.mutex);
    if (cls.bytes <= kMaxCachedBlock && c.cached_bytes + cls.bytes <= kMaxCachedBytes) {
      c.free_blocks[cls.index].push_back(data);
      c.cached_bytes += cls.bytes;
      return;
    }
  }
  std::free(data);
}

void release_cached_memory() {
  Cache& c = cache();
  const std::lock_guard lock(c.mutex);
  for (auto& blocks : c.free_blocks) {
    for (void* block : blocks) std::free(block);
    blocks.clear();
  }
  c.cached_bytes = 0;
}

size_t allocated_memory() {
  return g_allocated.load(std::memory_order_relaxed);
}

size_t peak_memory() {
  return g_peak.load(std::memory_order_relaxed);
}

void reset_peak_memory() {
  g_peak.store(allocated_memory(), std::memory_order_relaxed);
}

Storage::Storage(size_t bytes) : data_(allocate(bytes)), bytes_(bytes) {}

Storage::Storage(void* data, size_t bytes, std::function<void()> release, Foreign kind)
    : data_(data), bytes_(bytes), kind_(kind), release_(std::move(release)) {}

Storage::~Storage() {
  if (release_) {
    release_();
  } else {
    deallocate(data_, bytes_);
  }
}

}  // namespace nacre
