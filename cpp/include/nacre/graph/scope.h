// Names of what runs on this thread: layers, the optimizer. A captured node keeps them, so that
// profiles and summaries speak of layers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nacre {

// Outermost first.
inline std::vector<std::string_view>& active_scopes() {
  thread_local std::vector<std::string_view> scopes;
  return scopes;
}

// The name must outlive the scope.
class NameScope {
 public:
  explicit NameScope(std::string_view name) { active_scopes().push_back(name); }
  ~NameScope() { active_scopes().pop_back(); }
  NameScope(const NameScope&) = delete;
  NameScope& operator=(const NameScope&) = delete;
};

// "model/dense"; empty outside any.
std::string current_scope();

}  // namespace nacre
