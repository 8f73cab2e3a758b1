// Memory for the values of running plans. Plans that run one after the other use the same block, so
// a process needs what its largest plan needs, times the plans that run at once.
#pragma once

#include <cstddef>

#include "nacre/device/storage.h"

namespace nacre {

// An arena of at least `bytes` while it lives.
class ArenaLease {
 public:
  explicit ArenaLease(size_t bytes);
  ~ArenaLease();
  ArenaLease(const ArenaLease&) = delete;
  ArenaLease& operator=(const ArenaLease&) = delete;
  void* data() const { return storage_->data(); }

 private:
  Ref<Storage> storage_;
};

// Says that a plan needs arenas of `bytes` while it lives: idle ones that no plan needs are freed.
class ArenaNeed {
 public:
  ArenaNeed() = default;
  ~ArenaNeed();
  ArenaNeed(const ArenaNeed&) = delete;
  ArenaNeed& operator=(const ArenaNeed&) = delete;
  void set(size_t bytes);  // once

 private:
  size_t bytes_ = 0;
};

}  // namespace nacre
