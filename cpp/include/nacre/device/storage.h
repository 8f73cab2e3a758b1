// Storage: an owned, 64-byte aligned block of memory, or a foreign block kept alive by its owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "nacre/base/ref.h"

namespace nacre {

inline constexpr size_t kAlignment = 64;

// Who else may change a foreign block: its owner, or nobody (a mapped file).
enum class Foreign : uint8_t { kShared, kConstant };

class Storage final : public RefCounted {
 public:
  // Uninitialized memory from the caching allocator; MemoryError when it cannot be had.
  explicit Storage(size_t bytes);
  // Memory of another owner; `release` runs when the last reference goes.
  Storage(void* data, size_t bytes, std::function<void()> release, Foreign kind);
  ~Storage() override;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // False for foreign memory (a NumPy array, a mapped file): never written in place.
  bool writable() const { return !release_; }
  // Its data may change without our doing.
  bool shared() const { return release_ && kind_ == Foreign::kShared; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  Foreign kind_ = Foreign::kConstant;
  std::function<void()> release_;
};

// The caching allocator under Storage: freed blocks are kept by size class, up to a bound.
void* allocate(size_t bytes);
void deallocate(void* data, size_t bytes);
// Returns cached blocks to the system.
void release_cached_memory();
// Bytes now handed out, and the most that ever were since reset_peak_memory().
size_t allocated_memory();
size_t peak_memory();
void reset_peak_memory();

}  // namespace nacre
