// Adafactor (Shazeer and Stern 2018): the mean squares of a matrix are kept as a row and a column.
#include "nacre/nn/optimizer.h"
#include "nacre/ops/ops.h"
#include "nn/registry.h"

namespace nacre {
namespace {

Tensor root_mean_square(const Tensor& x) {
  return ops::sqrt(ops::mean(ops::square(x)));
}

class Adafactor final : public Optimizer {
 public:
  NACRE_CONFIG(Adafactor, Optimizer, beta_2_decay, epsilon_1, epsilon_2, clip_threshold,
               relative_step)

  double beta_2_decay = -0.8;
  double epsilon_1 = 1e-30;
  double epsilon_2 = 1e-3;
  double clip_threshold = 1;
  bool relative_step = true;  // Keras's steps are relative either way

 protected:
  void make_slots(const std::vector<VariableRef>& variables) override {
    for (const auto& variable : variables) {
      const Shape& shape = variable->shape();
      const int64_t rank = shape.rank();
      Shape rows, columns;  // scalars that nothing reads, for vectors: Keras keeps them too
      for (int64_t d = 0; rank >= 2 && d < rank; ++d) {
        if (d != rank - 1) rows.push_back(shape[d]);
        if (d != rank - 2) columns.push_back(shape[d]);
      }
      row_.push_back(add_variable(variable->name, rows, variable->dtype()));
      column_.push_back(add_variable(variable->name, columns, variable->dtype()));
      square_.push_back(add_slot(variable, "velocity"));
    }
  }

  void update(const Tensor& grad, const VariableRef& variable, size_t index,
              const Tensor& learning_rate) override {
    const DType dtype = variable->dtype();
    const Tensor weight = variable->value();
    const Tensor step = step_in(dtype);
    const Tensor rate = ops::minimum(ops::cast(learning_rate, dtype), 1.0 / ops::sqrt(step)) *
                        ops::maximum(root_mean_square(weight), ops::scalar(epsilon_2));
    const Tensor kept = 1.0 - ops::power(step, ops::scalar(beta_2_decay));
    const auto towards = [&](const VariableRef& mean, const Tensor& x) {
      const Tensor next = kept * mean->value() + (1.0 - kept) * x;
      mean->assign(next);
      return next;
    };
    const Tensor squares = ops::square(grad) + epsilon_1;
    Tensor mean_square;
    if (weight.rank() >= 2) {
      const Tensor row = towards(row_[index], ops::mean(squares, IntList{-1}));
      const Tensor column = towards(column_[index], ops::mean(squares, IntList{-2}));
      mean_square = ops::expand_dims(row / ops::mean(row, IntList{-1}, true), -1) *
                    ops::expand_dims(column, -2);
      square_[index]->assign(mean_square);
    } else {
      mean_square = towards(square_[index], squares);
    }
    const Tensor change = grad / ops::sqrt(mean_square);
    const Tensor limit = ops::maximum(root_mean_square(change) / clip_threshold, ops::scalar(1));
    variable->assign(weight - rate * (change / limit));
  }

 private:
  std::vector<VariableRef> row_, column_, square_;
};

}  // namespace

void register_adafactor() {
  register_class<Adafactor>();
}

}  // namespace nacre
