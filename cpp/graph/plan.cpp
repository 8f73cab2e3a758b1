#include "nacre/graph/plan.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "nacre/base/interrupt.h"
#include "nacre/graph/profiler.h"

namespace nacre {

namespace {

uint64_t next_plan_id() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

Plan::Plan(Graph graph)
    : num_recorded_nodes_(static_cast<int>(graph.nodes.size())),
      graph_(optimize(std::move(graph))),
      id_(next_plan_id()),
      memory_(plan_memory(graph_)) {
  make_steps();
  build_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Plan::make_steps() {
  size_t workspace = 0;
  first_writing_step_ = -1;
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    if (memory_.is_view[n]) continue;
    const GraphNode& node = graph_.nodes[n];
    if (node.kept) {
      kept_.push_back(kept_value(node));
      continue;
    }
    Step step{node.op,
              node.attrs.get(),
              static_cast<int>(buffer_values_.size()),
              static_cast<int>(node.inputs.size()),
              0,
              static_cast<int>(node.outputs.size())};
    buffer_values_.insert(buffer_values_.end(), node.inputs.begin(), node.inputs.end());
    step.first_out = static_cast<int>(buffer_values_.size());
    buffer_values_.insert(buffer_values_.end(), node.outputs.begin(), node.outputs.end());
    for (const int output : node.outputs) {
      if (first_writing_step_ < 0 && memory_.places[output].base == Place::Base::kVariable) {
        first_writing_step_ = static_cast<int>(steps_.size());
      }
    }
    if (node.op->workspace) {
      std::vector<Buffer> in(node.inputs.size());
      std::vector<Buffer> out(node.outputs.size());
      for (size_t i = 0; i < in.size(); ++i) {
        if (node.inputs[i] >= 0) in[i].spec = &graph_.values[node.inputs[i]].spec;
      }
      for (size_t i = 0; i < out.size(); ++i) out[i].spec = &graph_.values[node.outputs[i]].spec;
      workspace = std::max(workspace, node.op->workspace(node.attrs.get(), in, out));
    }
    steps_.push_back(step);
    step_nodes_.push_back(static_cast<int>(n));
  }
  if (first_writing_step_ < 0) first_writing_step_ = static_cast<int>(steps_.size());
  arena_bytes_ = memory_.arena_bytes + workspace;
  arena_need_.set(arena_bytes_);
  for (size_t b = 0; b < buffer_values_.size(); ++b) {
    const int value = buffer_values_[b];
    if (value < 0) continue;
    const Place& place = memory_.places[value];
    if (place.base != Place::Base::kArena && place.base != Place::Base::kConstant) {
      patches_.push_back({static_cast<int>(b), place});
    }
  }
}

std::shared_ptr<KeptValue> Plan::kept_value(const GraphNode& node) const {
  std::vector<KeptValue::Input> inputs;
  for (const int value : node.inputs) {
    KeptValue::Input& input = inputs.emplace_back();
    if (value < 0) continue;
    const Place& place = memory_.places[value];
    if (place.base == Place::Base::kVariable) input.variable = graph_.variables[place.index];
    if (place.base == Place::Base::kConstant) input.constant = graph_.constants[place.index];
    if (place.base == Place::Base::kKept) input.kept = kept_[place.index];
    input.offset = place.offset;
    input.spec = graph_.values[value].spec;
  }
  return KeptValue::of(*node.op, node.attrs, std::move(inputs),
                       graph_.values[node.outputs[0]].spec);
}

std::unique_ptr<Plan::Context> Plan::take_context() {
  {
    const std::lock_guard lock(contexts_mutex_);
    if (!contexts_.empty()) {
      auto context = std::move(contexts_.back());
      contexts_.pop_back();
      return context;
    }
  }
  auto context = std::make_unique<Context>();
  context->buffers.resize(buffer_values_.size());
  context->variables.resize(graph_.variables.size());
  context->outputs.resize(graph_.outputs.size());
  context->kept.resize(kept_.size());
  for (size_t b = 0; b < buffer_values_.size(); ++b) {
    const int value = buffer_values_[b];
    if (value < 0) continue;
    context->buffers[b].spec = &graph_.values[value].spec;
    const Place& place = memory_.places[value];
    if (place.base == Place::Base::kConstant) {
      context->buffers[b].data = address(place, {}, *context);
    }
  }
  return context;
}

void Plan::use_arena(Context& c, void* arena) const {
  if (c.arena == arena) return;
  c.arena = arena;
  for (size_t b = 0; b < buffer_values_.size(); ++b) {
    const int value = buffer_values_[b];
    if (value < 0 || memory_.places[value].base != Place::Base::kArena) continue;
    c.buffers[b].data = address(memory_.places[value], {}, c);
  }
}

void* Plan::address(const Place& place, std::span<const Tensor> arguments, const Context& c) const {
  const void* base = nullptr;
  switch (place.base) {
    case Place::Base::kArena:
      base = c.arena;
      break;
    case Place::Base::kArgument:
      base = arguments[place.index].data();
      break;
    case Place::Base::kVariable:
      base = c.variables[place.index].data();
      break;
    case Place::Base::kConstant:
      base = graph_.constants[place.index].data();
      break;
    case Place::Base::kOutput:
      base = c.outputs[place.index].data();
      break;
    case Place::Base::kKept:
      base = c.kept[place.index].data();
      break;
  }
  return static_cast<char*>(const_cast<void*>(base)) + place.offset;
}

Tensors Plan::run(std::span<const Tensor> arguments) {
  if (static_cast<int>(arguments.size()) != graph_.num_arguments) {
    runtime_error("Plan: expected ", graph_.num_arguments, " arguments, received ",
                  arguments.size());
  }
  std::unique_lock<std::mutex> turn(assign_mutex_, std::defer_lock);
  if (!graph_.assignments.empty()) turn.lock();
  std::unique_ptr<Context> c = take_context();
  const ArenaLease arena(arena_bytes_);
  use_arena(*c, arena.data());
  for (size_t v = 0; v < graph_.variables.size(); ++v) {
    c->variables[v] =
        memory_.written[v] ? graph_.variables[v]->exclusive() : graph_.variables[v]->raw();
  }
  for (size_t o = 0; o < graph_.outputs.size(); ++o) {
    const int value = graph_.outputs[o];
    if (value >= 0) c->outputs[o] = Tensor(graph_.values[value].spec);
  }
  for (size_t k = 0; k < kept_.size(); ++k) c->kept[k] = kept_[k]->get();
  for (const Patch& patch : patches_) {
    c->buffers[patch.buffer].data = address(patch.place, arguments, *c);
  }
  void* workspace = static_cast<char*>(c->arena) + memory_.arena_bytes;
  const Buffer* buffers = c->buffers.data();
  const auto run_step = [&](const Step& step) {
    step.op->kernel({step.attrs,
                     {buffers + step.first_in, static_cast<size_t>(step.num_in)},
                     {buffers + step.first_out, static_cast<size_t>(step.num_out)},
                     workspace});
  };
  const auto run_steps = [&](const auto& run_one) {
    const int num_steps = static_cast<int>(steps_.size());
    for (int s = 0; s < first_writing_step_; ++s) {
      run_one(steps_[s]);
      poll_interrupt();
    }
    // From here on variables change: no stopping half way.
    for (int s = first_writing_step_; s < num_steps; ++s) run_one(steps_[s]);
  };
  if (const auto profiler = Profiler::active()) {
    c->times.assign(1, Profiler::now());
    run_steps([&](const Step& step) {
      run_step(step);
      c->times.push_back(Profiler::now());
    });
    profiler->add_run(*this, c->times);
  } else {
    run_steps(run_step);
  }
  finish(arguments, *c);
  for (size_t v = 0; v < graph_.variables.size(); ++v) {
    if (memory_.written[v]) graph_.variables[v]->written();
  }

  Tensors outputs(c->outputs.begin(), c->outputs.end());
  for (Tensor& t : c->outputs) t = Tensor();
  for (Tensor& t : c->variables) t = Tensor();
  for (Tensor& t : c->kept) t = Tensor();
  const std::lock_guard lock(contexts_mutex_);
  contexts_.push_back(std::move(c));
  return outputs;
}

void Plan::finish(std::span<const Tensor> arguments, Context& c) {
  for (size_t o = 0; o < graph_.outputs.size(); ++o) {
    const int value = graph_.outputs[o];
    if (value < 0 || memory_.output_direct[o] || !c.outputs[o].bytes()) continue;
    std::memcpy(c.outputs[o].mutable_data(), address(memory_.places[value], arguments, c),
                c.outputs[o].bytes());
  }
  // Sources that are variables are read before any variable is written.
  std::vector<Tensor> staged(memory_.copies.size());
  for (size_t i = 0; i < memory_.copies.size(); ++i) {
    const Place& place = memory_.places[memory_.copies[i].value];
    if (place.base != Place::Base::kVariable) continue;
    staged[i] = Tensor(graph_.values[memory_.copies[i].value].spec);
    std::memcpy(staged[i].mutable_data(), address(place, arguments, c), staged[i].bytes());
  }
  for (size_t i = 0; i < memory_.copies.size(); ++i) {
    Tensor& variable = c.variables[memory_.copies[i].variable];
    const void* source = staged[i].defined()
                             ? staged[i].data()
                             : address(memory_.places[memory_.copies[i].value], arguments, c);
    if (variable.bytes()) std::memcpy(variable.mutable_data(), source, variable.bytes());
  }
}

}  // namespace nacre
