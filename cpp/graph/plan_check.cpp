#include "graph/plan_check.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace nacre {
namespace {

constexpr double kTolerance = 1e-4;

// Where the tensors differ first, or -1.
int64_t first_difference(const Tensor& eager, const Tensor& plan, PlanCheck check) {
  return dispatch(eager.dtype(), [&]<class T>(type_tag<T>) -> int64_t {
    const T* a = eager.data<T>();
    const T* b = plan.data<T>();
    const int64_t n = eager.size();
    double scale = 0;
    if (check == PlanCheck::kClose && is_floating(eager.dtype())) {
      for (int64_t i = 0; i < n; ++i) {
        const double x = std::abs(static_cast<double>(a[i]));
        if (std::isfinite(x)) scale = std::max(scale, x);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      if (std::memcmp(a + i, b + i, sizeof(T)) == 0) continue;
      const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
      if (std::isnan(x) && std::isnan(y)) continue;
      if (!(std::abs(x - y) <= kTolerance * scale)) return i;
      if (check == PlanCheck::kBits) return i;
    }
    return -1;
  });
}

void require_same(const Tensor& eager, const Tensor& plan, PlanCheck check,
                  const std::string& what) {
  if (!eager.defined() && !plan.defined()) return;
  if (!eager.defined() || !plan.defined() || !(eager.spec() == plan.spec())) {
    runtime_error(what, ": expected what the eager step gives, received another kind of result");
  }
  const int64_t at = first_difference(eager, plan, check);
  if (at < 0) return;
  dispatch(eager.dtype(), [&]<class T>(type_tag<T>) {
    runtime_error(what, ": expected ", static_cast<double>(eager.data<T>()[at]),
                  " as in the eager step, received ", static_cast<double>(plan.data<T>()[at]),
                  " at element ", at, " of ", eager.shape());
  });
}

}  // namespace

PlanCheck plan_check() {
  const char* setting = std::getenv("NACRE_CHECK_PLANS");
  if (!setting || !*setting || std::string_view(setting) == "0") return PlanCheck::kOff;
  return std::string_view(setting) == "bits" ? PlanCheck::kBits : PlanCheck::kClose;
}

Tensors run_checked(Plan& plan, std::span<const Tensor> arguments,
                    const std::function<Tensors(std::span<const Tensor>)>& f, PlanCheck check,
                    const std::string& what) {
  const Graph& graph = plan.graph();
  // Handles: an assignment replaces the tensor of a variable, it does not change it.
  Tensors before, eager_values;
  for (const VariableRef& v : graph.variables) before.push_back(v->raw());
  const Tensors expected = f(arguments);
  for (size_t v = 0; v < before.size(); ++v) {
    eager_values.push_back(graph.variables[v]->raw());
    graph.variables[v]->set_raw(before[v]);
  }
  before.clear();
  const Tensors received = plan.run(arguments);
  for (size_t o = 0; o < received.size(); ++o) {
    require_same(expected.at(o), received[o], check, what + ", output " + std::to_string(o));
  }
  for (size_t v = 0; v < eager_values.size(); ++v) {
    require_same(eager_values[v], graph.variables[v]->raw(), check,
                 what + ", variable '" + graph.variables[v]->path + "'");
  }
  return received;
}

}  // namespace nacre
