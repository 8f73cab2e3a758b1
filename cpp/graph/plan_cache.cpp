#include <atomic>
#include <cstdio>
#include <utility>

#include "graph/plan_check.h"
#include "nacre/graph/plan.h"

namespace nacre {
namespace {

constexpr size_t kMaxPlans = 512;  // of one function; the one used longest ago goes first

std::atomic<WarningHook> g_warning_hook{nullptr};

std::string signature(std::span<const Tensor> arguments, const std::string& key) {
  std::string text = key;
  text.reserve(key.size() + arguments.size() * 24);
  for (const Tensor& t : arguments) {
    text += static_cast<char>('A' + static_cast<int>(t.dtype()));
    for (const int64_t dim : t.shape()) {
      text += std::to_string(dim);
      text += ',';
    }
  }
  return text;
}

}  // namespace

void set_warning_hook(WarningHook hook) {
  g_warning_hook = hook;
}

void warn(const std::string& message) {
  if (const WarningHook hook = g_warning_hook) {
    hook(message);
  } else {
    std::fprintf(stderr, "nacre: %s\n", message.c_str());
  }
}

Tensors PlanCache::call(std::span<const Tensor> arguments, const std::string& key,
                        const Function& f) {
  if (!active_recorders().empty()) return f(arguments);
  const std::string text = signature(arguments, key);
  std::shared_ptr<Plan> plan;
  bool eager = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(text);
    if (found != entries_.end()) {
      found->second.last_use = ++clock_;
      plan = found->second.plan;
      eager = !plan;
    }
  }
  if (plan) return run(*plan, arguments, f);
  if (eager) return f(arguments);

  // Identities of their own: one tensor may be passed twice, or be held by the function as well.
  Tensors recorded;
  recorded.reserve(arguments.size());
  for (const Tensor& t : arguments) recorded.push_back(t.alias());
  Capture capture(recorded);
  Tensors outputs;
  {
    const RecorderScope scope(capture);
    outputs = f(recorded);
  }
  if (capture.failure().empty()) {
    plan = std::make_shared<Plan>(capture.finish(outputs));
  } else {
    capture.compute();
    if (!std::exchange(warned_, true)) warn(name_ + " runs op by op: " + capture.failure());
  }
  remember(text, plan);
  return plan ? run(*plan, arguments, f) : outputs;
}

Tensors PlanCache::run(Plan& plan, std::span<const Tensor> arguments, const Function& f) const {
  const PlanCheck check = plan_check();
  if (check == PlanCheck::kOff) return plan.run(arguments);
  return run_checked(plan, arguments, f, check, "the plan of " + name_);
}

void PlanCache::remember(const std::string& text, std::shared_ptr<Plan> plan) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMaxPlans) {
    auto oldest = entries_.begin();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      if (it->second.last_use < oldest->second.last_use) oldest = it;
    }
    entries_.erase(oldest);
  }
  entries_[text] = {std::move(plan), ++clock_};
}

void PlanCache::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

size_t PlanCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::shared_ptr<Plan> PlanCache::latest() const {
  const std::lock_guard lock(mutex_);
  const Entry* latest = nullptr;
  for (const auto& [signature, entry] : entries_) {
    if (entry.plan && (!latest || entry.last_use > latest->last_use)) latest = &entry;
  }
  return latest ? latest->plan : nullptr;
}

std::shared_ptr<Plan> PlanCache::find(std::span<const Tensor> arguments,
                                      const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(signature(arguments, key));
  return found == entries_.end() ? nullptr : found->second.plan;
}

}  // namespace nacre
