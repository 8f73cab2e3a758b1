#include "nacre/nn/remat.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nacre/graph/tape.h"
#include "nacre/nn/layer.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "nacre/ops/recorder.h"

namespace nacre {
namespace {

thread_local RematPhase g_phase = RematPhase::kNone;

class PhaseScope {
 public:
  explicit PhaseScope(RematPhase phase) : before_(std::exchange(g_phase, phase)) {}
  ~PhaseScope() { g_phase = before_; }
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  RematPhase before_;
};

// The variables that run through f: what they held when it first read them, and which it assigned.
class StateRecorder final : public Recorder {
 public:
  struct Read {
    VariableRef variable;
    Tensor value;
  };

  void on_call(const OpCall&) override {}
  void on_read(const Variable& variable, const Tensor& value) override {
    if (touched_.try_emplace(variable.id(), false).second) {
      reads.push_back({VariableRef(const_cast<Variable*>(&variable)), value});
    }
  }
  bool on_assign(const Variable& variable, const Tensor&) override {
    bool& assigned_before = touched_[variable.id()];
    if (!std::exchange(assigned_before, true)) {
      written.emplace_back(const_cast<Variable*>(&variable));
    }
    return false;
  }

  std::vector<Read> reads;
  std::vector<VariableRef> written;

 private:
  std::unordered_map<uint64_t, bool> touched_;  // by id: whether it was assigned
};

// The same data under another name, which the passes do not see through: what follows from it is
// no common subexpression with what followed from x.
Tensor starting_point(const Tensor& x) {
  static const OpDef& op = find_op("recompute_from");
  Tensor out = apply_one(op, {x});
  out.set_mask(x.mask());
  return out;
}

template <class F>
void each_tape(F&& f) {
  for (Recorder* recorder : active_recorders()) {
    if (recorder->is_gradient_tape()) f(*recorder);
  }
}

// Lets this thread read the values that variables had, and keeps what it assigns to itself.
class StateAt final : public Recorder {
 public:
  StateAt(const std::vector<StateRecorder::Read>& reads, std::span<const Tensor> values) {
    for (size_t i = 0; i < reads.size(); ++i) values_[reads[i].variable->id()] = values[i];
  }
  void on_call(const OpCall&) override {}
  bool on_assign(const Variable& variable, const Tensor& value) override {
    values_[variable.id()] = value;
    return true;
  }
  Tensor assigned(const Variable& variable) const override {
    const auto found = values_.find(variable.id());
    return found == values_.end() ? Tensor() : found->second;
  }

 private:
  std::unordered_map<uint64_t, Tensor> values_;
};

// A tape knows a variable by the value it read last: that of now, after a recomputation.
void tell_tapes(const Variable& variable) {
  each_tape([&](Recorder& tape) { tape.on_read(variable, variable.current()); });
}

}  // namespace

RematPhase remat_phase() {
  return g_phase;
}

Tensors remat(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs) {
  bool gradient = false;
  each_tape([&](Recorder&) { gradient = true; });
  const auto symbolic = [](const Tensor& t) { return t.defined() && t.is_placeholder(); };
  if (!gradient || std::any_of(inputs.begin(), inputs.end(), symbolic)) return f(inputs);

  StateRecorder state;
  Tensors outputs;
  {
    const PauseGradients pause;
    const RecorderScope scope(state);
    const PhaseScope phase(RematPhase::kForward);
    outputs = f(inputs);
  }
  Tensors masks;
  for (const Tensor& y : outputs) masks.push_back(y.mask());

  Tensors all = inputs;
  for (const auto& read : state.reads) {
    all.push_back(read.value);
    each_tape([&](Recorder& tape) { tape.on_read(*read.variable, read.value); });
  }
  auto backward = [f, all, num_inputs = inputs.size(), reads = state.reads, written = state.written,
                   stack = CallStack::current()](const Tensors& grads) {
    Tensors from;
    Tensors sources;
    std::vector<size_t> places;
    Tape tape(false, false);
    for (size_t i = 0; i < all.size(); ++i) {
      from.push_back(all[i].defined() ? starting_point(all[i]) : Tensor());
      if (!all[i].defined() || !is_floating(all[i].dtype())) continue;
      tape.watch(from[i]);
      sources.push_back(from[i]);
      places.push_back(i);
    }
    Tensors again;
    {
      StateAt then(reads, std::span(from).subspan(num_inputs));
      const RecorderScope state_scope(then);
      const CallStack::Scope calls(stack);
      const PhaseScope phase(RematPhase::kRecompute);
      const RecorderScope scope(tape);
      again = f(Tensors(from.begin(), from.begin() + static_cast<ptrdiff_t>(num_inputs)));
    }
    for (const auto& read : reads) tell_tapes(*read.variable);
    for (const VariableRef& variable : written) tell_tapes(*variable);
    Tensors targets, weights;
    for (size_t o = 0; o < grads.size(); ++o) {
      if (!grads[o].defined()) continue;
      targets.push_back(again[o]);
      weights.push_back(grads[o]);
    }
    const Tensors found = tape.gradient(targets, sources, weights);
    Tensors result(all.size());
    for (size_t s = 0; s < places.size(); ++s) result[places[s]] = found[s];
    return result;
  };
  outputs = with_custom_gradient(all, [&] { return outputs; }, std::move(backward));
  for (size_t o = 0; o < outputs.size(); ++o) outputs[o].set_mask(masks[o]);
  return outputs;
}

RematMode::Kind parse_remat_kind(std::string_view name) {
  if (name == "full") return RematMode::Kind::kFull;
  if (name == "activations") return RematMode::Kind::kActivations;
  if (name == "larger_than") return RematMode::Kind::kLargerThan;
  if (name == "none") return RematMode::Kind::kNone;
  value_error("RematScope: expected mode 'full', 'activations', 'larger_than', 'list_of_layers' ",
              "or None, received '", name, "'");
}

}  // namespace nacre
