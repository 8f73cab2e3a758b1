// Optimizer: turns gradients into new values of variables. Formulas and defaults are Keras 3's.
#pragma once

#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nacre/graph/variable.h"
#include "nacre/nn/configurable.h"
#include "nacre/nn/initializer.h"

namespace nacre {

// A learning rate as a function of the number of finished steps, made of ops.
class LearningRateSchedule : public Configurable {
 public:
  static constexpr std::string_view kModule = "optimizers.schedules";
  std::string_view module() const override { return kModule; }
  virtual Tensor operator()(const Tensor& step) = 0;
};

// A number or a schedule.
struct LearningRate {
  double value = 0.001;
  Ref<LearningRateSchedule> schedule;
};
void read_field(LearningRate& field, const Json& json, std::string_view what);
Json write_field(const LearningRate& field);

class Optimizer : public Configurable {
 public:
  static constexpr std::string_view kModule = "optimizers";
  std::string_view module() const override { return kModule; }
  std::vector<Field> fields() override;
  void validate() override;

  // Makes the slots for these variables, once; a later call must bring the same ones (ValueError).
  void build(const std::vector<VariableRef>& variables);
  // One step: clips, decays, updates, averages, constrains. grads[i] belongs to variables[i];
  // undefined gradients leave their variable alone, all undefined is a ValueError.
  virtual void apply(const Tensors& grads, const std::vector<VariableRef>& variables);

  const std::string& name() const { return name_; }
  bool built() const { return built_; }
  // The moving averages of the trained variables; none without use_ema.
  const std::vector<VariableRef>& averages() const { return averages_; }
  const std::vector<VariableRef>& trained_variables() const { return trained_; }
  // The count of apply() calls, and of updates (fewer with gradient accumulation).
  const VariableRef& iterations();
  Tensor update_count();
  // The current rate: of the schedule, or the variable that callbacks set.
  Tensor learning_rate();
  const VariableRef& learning_rate_variable() const { return rate_; }  // null with a schedule
  void set_learning_rate(double value);  // TypeError when there is a schedule
  void set_learning_rate(Ref<LearningRateSchedule> schedule);
  bool has_schedule() const { return static_cast<bool>(learning_rate_.schedule); }
  // Changes whenever recorded steps no longer describe this optimizer.
  virtual int64_t version() const { return version_; }
  // Sets a field after construction. ValueError for one that decides which slots there are, once
  // they are made.
  void set_option(std::string_view name, const Json& value);
  // iterations, learning_rate, slots: what is saved to resume.
  virtual std::vector<VariableRef> variables() const { return variables_; }
  // The loss times loss_scale_factor.
  virtual Tensor scale_loss(const Tensor& loss);
  void set_loss_scale_factor(std::optional<double> factor);
  // Copies averaged weights into the variables (EMA), at the end of training.
  virtual void finalize_variable_values(const std::vector<VariableRef>& variables);
  // These variables, and those whose name matches one of the regular expressions, are not decayed.
  // ValueError after build() and for a bad expression.
  void exclude_from_weight_decay(const std::vector<VariableRef>& variables,
                                 const std::vector<std::string>& patterns);
  size_t index_of(const Variable& variable) const;  // ValueError for an unknown one
  VariableRef add_variable(const std::string& name, const Shape& shape, DType dtype,
                           const Ref<Initializer>& initializer = {});

 protected:
  // Makes what every optimizer has: indices, averages, accumulators.
  void begin_build(const std::vector<VariableRef>& variables);
  // begin_build() and make_slots().
  virtual void build_all(const std::vector<VariableRef>& variables);
  virtual void make_slots(const std::vector<VariableRef>& variables) {}
  // Before the variables of one step are updated: what they share.
  virtual void begin_update() {}
  virtual void update(const Tensor& grad, const VariableRef& variable, size_t index,
                      const Tensor& learning_rate) = 0;
  // Whether update() decays the weights itself.
  virtual bool decays_in_update() const { return false; }
  VariableRef add_slot(const VariableRef& variable, const std::string& name, double value = 0);
  // The decay of a variable: weight_decay, or 0 where excluded or not set.
  virtual double decay_of(const Variable& variable) const;
  bool is_excluded_from_decay(const Variable& variable) const;
  // The count of this update, from 1, in a variable's dtype.
  Tensor step_in(DType dtype);

  std::string name_;
  LearningRate learning_rate_;
  std::optional<double> weight_decay_;
  std::optional<double> clipnorm_;
  std::optional<double> clipvalue_;
  std::optional<double> global_clipnorm_;
  bool use_ema_ = false;
  double ema_momentum_ = 0.99;
  std::optional<int64_t> ema_overwrite_frequency_;
  std::optional<double> loss_scale_factor_;
  std::optional<int64_t> gradient_accumulation_steps_;
  int64_t version_ = 0;
  VariableRef iterations_;

 private:
  void clip(Tensors& grads) const;
  void make_rate_variable();
  void update_all(Tensors grads, const std::vector<VariableRef>& targets);
  void accumulate(const Tensors& grads, const std::vector<VariableRef>& targets);
  void update_averages();

  bool built_ = false;
  bool begun_ = false;
  bool warned_ = false;
  VariableRef rate_;
  std::vector<VariableRef> variables_;
  std::vector<VariableRef> trained_;
  std::vector<VariableRef> averages_;      // EMA, one a trained variable
  std::vector<VariableRef> accumulators_;  // of gradients, one a trained variable
  std::unordered_map<uint64_t, size_t> index_by_id_;
  std::unordered_set<uint64_t> undecayed_ids_;
  std::vector<std::regex> undecayed_patterns_;
};

// Runs `update`, and keeps what it assigned to `variables` where `condition` (a bool scalar) holds:
// a recorded step must be the same each time, so that the choice is made by values.
void keep_where(const Tensor& condition, const std::vector<VariableRef>& variables,
                const std::function<void()>& update);

// Regular expressions from their text. ValueError naming owner and argument for a bad one.
std::vector<std::regex> compile_patterns(std::string_view owner, std::string_view argument,
                                         const std::vector<std::string>& patterns);
bool matches_any(const std::vector<std::regex>& patterns, const std::string& text);

}  // namespace nacre
