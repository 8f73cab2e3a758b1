#include "nacre/graph/profiler.h"

#include <algorithm>
#include <functional>
#include <thread>

#include "nacre/graph/plan.h"
#include "nacre/graph/scope.h"
#include "nacre/ops/kernel_hook.h"

namespace nacre {
namespace {

std::mutex g_active_mutex;
std::shared_ptr<Profiler>& active_profiler() {
  static auto* active = new std::shared_ptr<Profiler>;
  return *active;
}

// FLOPs and bytes.
std::pair<double, double> op_cost(const OpDef& op, const KernelContext& context) {
  double bytes = 0;
  for (const auto& buffers : {context.in, context.out}) {
    for (const Buffer& buffer : buffers) {
      if (buffer) bytes += static_cast<double>(buffer.size()) * size_of(buffer.dtype());
    }
  }
  if (op.flops) return {op.flops(context.attrs, context.in, context.out), bytes};
  const bool counts = op.elementwise && !context.out.empty() && context.out[0];
  return {counts ? static_cast<double>(context.out[0].size()) : 0, bytes};
}

void profiled_kernel(const OpDef& op, const KernelContext& context) {
  const int64_t begin = Profiler::now();
  op.kernel(context);
  const int64_t end = Profiler::now();
  if (const auto profiler = Profiler::active()) profiler->add_call(op, context, begin, end);
}

}  // namespace

std::atomic<bool> Profiler::on_{false};

std::shared_ptr<Profiler> Profiler::locked_active() {
  const std::lock_guard lock(g_active_mutex);
  return active_profiler();
}

void Profiler::start(const std::shared_ptr<Profiler>& profiler) {
  const std::lock_guard lock(g_active_mutex);
  if (active_profiler()) runtime_error("profile: another profile is being taken");
  profiler->start_ = now();
  profiler->stop_ = 0;
  active_profiler() = profiler;
  on_ = true;
  set_kernel_hook(profiled_kernel);
}

void Profiler::stop() {
  const std::lock_guard lock(g_active_mutex);
  if (active_profiler().get() != this) return;
  set_kernel_hook(nullptr);
  on_ = false;
  stop_ = now();
  active_profiler() = nullptr;
}

double Profiler::seconds() const {
  const std::lock_guard lock(g_active_mutex);
  return start_ ? static_cast<double>((stop_ ? stop_ : now()) - start_) * 1e-9 : 0;
}

std::vector<ProfileEntry> Profiler::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::vector<ProfileEvent> Profiler::events() const {
  const std::lock_guard lock(mutex_);
  std::vector<ProfileEvent> ordered = events_;
  if (num_events_ > static_cast<int64_t>(events_.size())) {
    const auto oldest = num_events_ % static_cast<int64_t>(events_.size());
    std::rotate(ordered.begin(), ordered.begin() + oldest, ordered.end());
  }
  return ordered;
}

int64_t Profiler::num_dropped() const {
  const std::lock_guard lock(mutex_);
  return num_events_ - static_cast<int64_t>(events_.size());
}

int Profiler::entry_of(const std::string& scope, const std::string& op, bool backward) {
  const auto [at, inserted] = entry_by_key_.try_emplace(
      scope + '\n' + op + (backward ? "\nb" : "\nf"), static_cast<int>(entries_.size()));
  if (inserted) entries_.push_back({scope, op, backward});
  return at->second;
}

int Profiler::thread_index() {
  const uint64_t id = std::hash<std::thread::id>()(std::this_thread::get_id());
  return threads_.try_emplace(id, static_cast<int>(threads_.size())).first->second;
}

void Profiler::add(int entry, const std::pair<double, double>& cost, int thread, int64_t begin,
                   int64_t end) {
  ProfileEntry& e = entries_[static_cast<size_t>(entry)];
  ++e.calls;
  e.seconds += static_cast<double>(end - begin) * 1e-9;
  e.flops += cost.first;
  e.bytes += cost.second;
  if (max_events_ == 0) return;
  const ProfileEvent event{entry, thread, begin - start_, end - begin};
  if (events_.size() < max_events_) {
    events_.push_back(event);
  } else {
    events_[static_cast<size_t>(num_events_) % max_events_] = event;
  }
  ++num_events_;
}

std::pair<double, double> node_cost(const Graph& graph, const GraphNode& node) {
  const auto buffers_of = [&](const std::vector<int>& values) {
    std::vector<Buffer> buffers(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= 0) buffers[i].spec = &graph.values[static_cast<size_t>(values[i])].spec;
    }
    return buffers;
  };
  const std::vector<Buffer> in = buffers_of(node.inputs);
  const std::vector<Buffer> out = buffers_of(node.outputs);
  return op_cost(*node.op, {node.attrs.get(), in, out, nullptr});
}

void Profiler::add_run(const Plan& plan, std::span<const int64_t> times) {
  const std::lock_guard lock(mutex_);
  const auto [at, inserted] = plans_.try_emplace(plan.id());
  std::vector<StepCost>& steps = at->second;
  if (inserted) {
    const Graph& graph = plan.graph();
    for (const int n : plan.step_nodes()) {
      const GraphNode& node = graph.nodes[static_cast<size_t>(n)];
      const std::string scope =
          node.scope < 0 ? std::string() : graph.scopes[static_cast<size_t>(node.scope)];
      steps.push_back({entry_of(scope, node.op->name, node.backward), node_cost(graph, node)});
    }
  }
  const int thread = thread_index();
  for (size_t s = 0; s < steps.size() && s + 1 < times.size(); ++s) {
    add(steps[s].entry, steps[s].cost, thread, times[s], times[s + 1]);
  }
}

void Profiler::add_call(const OpDef& op, const KernelContext& context, int64_t begin, int64_t end) {
  const std::string scope = current_scope();
  const std::lock_guard lock(mutex_);
  add(entry_of(scope, op.name, false), op_cost(op, context), thread_index(), begin, end);
}

}  // namespace nacre
