#include "nacre/graph/arena.h"

#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace nacre {
namespace {

constexpr size_t kMaxIdle = 8;

struct Arenas {
  std::mutex mutex;
  std::vector<Ref<Storage>> idle;  // the one used last at the end: its lines may be in cache
  std::multiset<size_t> needs;     // of the plans alive

  size_t most_needed() const { return needs.empty() ? 0 : *needs.rbegin(); }
};

// Kept until the process ends: plans held by Python may outlive static destructors.
Arenas& arenas() {
  static auto* instance = new Arenas;
  return *instance;
}

}  // namespace

ArenaLease::ArenaLease(size_t bytes) {
  Arenas& a = arenas();
  Ref<Storage> too_small;  // freed outside the lock
  {
    const std::lock_guard lock(a.mutex);
    auto best = a.idle.end();
    for (auto i = a.idle.begin(); i != a.idle.end(); ++i) {
      if ((*i)->bytes() < bytes) continue;
      if (best == a.idle.end() || (*i)->bytes() <= (*best)->bytes()) best = i;
    }
    if (best != a.idle.end()) {
      storage_ = std::move(*best);
      a.idle.erase(best);
      return;
    }
    if (!a.idle.empty()) {
      too_small = std::move(a.idle.back());
      a.idle.pop_back();
    }
  }
  too_small = nullptr;
  storage_ = make_ref<Storage>(bytes);
}

ArenaLease::~ArenaLease() {
  Arenas& a = arenas();
  Ref<Storage> surplus;
  const std::lock_guard lock(a.mutex);
  if (storage_->bytes() > a.most_needed()) return;  // its plan is gone
  a.idle.push_back(std::move(storage_));
  if (a.idle.size() > kMaxIdle) {
    surplus = std::move(a.idle.front());
    a.idle.erase(a.idle.begin());
  }
}

void ArenaNeed::set(size_t bytes) {
  bytes_ = bytes;
  const std::lock_guard lock(arenas().mutex);
  arenas().needs.insert(bytes);
}

ArenaNeed::~ArenaNeed() {
  Arenas& a = arenas();
  const std::lock_guard lock(a.mutex);
  const auto found = a.needs.find(bytes_);
  if (found != a.needs.end()) a.needs.erase(found);
  std::erase_if(a.idle, [&](const Ref<Storage>& s) { return s->bytes() > a.most_needed(); });
}

}  // namespace nacre
