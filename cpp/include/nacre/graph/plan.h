// Plan: a graph made ready to run: kernels in order, every buffer at a fixed place. Running one
// allocates nothing but its outputs and enters no code outside the kernels.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nacre/graph/arena.h"
#include "nacre/graph/graph.h"
#include "nacre/graph/kept.h"
#include "nacre/graph/memory.h"

namespace nacre {

class Plan {
 public:
  explicit Plan(Graph graph);

  // The outputs for these arguments, whose specs must be the recorded ones; assigned variables are
  // updated. Safe from several threads at once where nothing is assigned; plans that assign take
  // turns.
  Tensors run(std::span<const Tensor> arguments);

  const Graph& graph() const { return graph_; }
  uint64_t id() const { return id_; }  // no other plan of this process has it
  // The graph's nodes that run a kernel, in order.
  const std::vector<int>& step_nodes() const { return step_nodes_; }
  size_t arena_bytes() const { return arena_bytes_; }
  size_t num_nodes() const { return graph_.nodes.size(); }
  const MemoryPlan& memory() const { return memory_; }
  int num_recorded_nodes() const { return num_recorded_nodes_; }  // before the passes
  double build_seconds() const { return build_seconds_; }

 private:
  struct Step {
    const OpDef* op;
    const Attrs* attrs;
    int first_in, num_in, first_out, num_out;  // into the context's buffers
  };
  struct Patch {  // a buffer whose address changes from run to run
    int buffer;
    Place place;
  };
  struct Context {          // what one running call needs; pooled
    Tensors kept;           // held while running
    void* arena = nullptr;  // where the buffers of the last run were
    std::vector<Buffer> buffers;
    Tensors variables;  // held while running, so that an assignment elsewhere frees nothing
    Tensors outputs;
    std::vector<int64_t> times;  // of the steps, while a profile is taken
  };

  void make_steps();
  std::shared_ptr<KeptValue> kept_value(const GraphNode& node) const;
  std::unique_ptr<Context> take_context();
  void use_arena(Context& c, void* arena) const;
  void* address(const Place& place, std::span<const Tensor> arguments, const Context& c) const;
  void finish(std::span<const Tensor> arguments, Context& c);

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double build_seconds_ = 0;
  int num_recorded_nodes_;
  Graph graph_;
  uint64_t id_;
  MemoryPlan memory_;
  std::vector<int> step_nodes_;
  size_t arena_bytes_ = 0;  // values and the kernels' workspace behind them
  ArenaNeed arena_need_;
  std::vector<Step> steps_;
  int first_writing_step_ = 0;      // before it, an interrupted run has changed nothing
  std::vector<int> buffer_values_;  // value of each buffer, -1 absent
  std::vector<Patch> patches_;
  std::vector<std::shared_ptr<KeptValue>> kept_;
  std::mutex contexts_mutex_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::mutex assign_mutex_;
};

// Plans of one function by signature, bounded; falls back to calling the function itself.
class PlanCache {
 public:
  using Function = std::function<Tensors(std::span<const Tensor>)>;
  explicit PlanCache(std::string name) : name_(std::move(name)) {}

  // f(arguments) run through a plan, recorded at the first call with these specs and this key. Runs
  // f itself when recorders are active, or when the step cannot be replayed (warned about once).
  Tensors call(std::span<const Tensor> arguments, const std::string& key, const Function& f);
  void clear();
  size_t size() const;
  // The plan that ran last, or null.
  std::shared_ptr<Plan> latest() const;
  // The plan of a signature seen before, or null.
  std::shared_ptr<Plan> find(std::span<const Tensor> arguments, const std::string& key) const;

 private:
  struct Entry {
    std::shared_ptr<Plan> plan;  // null: cannot be captured
    uint64_t last_use = 0;
  };
  Tensors run(Plan& plan, std::span<const Tensor> arguments, const Function& f) const;
  void remember(const std::string& signature, std::shared_ptr<Plan> plan);

  std::string name_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  uint64_t clock_ = 0;
  bool warned_ = false;
};

// Shows a warning to the user; the bindings send it to Python's warnings.
using WarningHook = void (*)(const std::string& message);
void set_warning_hook(WarningHook hook);
void warn(const std::string& message);

}  // namespace nacre
