// Errors: every failure a caller can cause is an nacre::Error; bindings map its kind to the Python
// exception of the same meaning. Nothing in the library aborts the process.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

namespace nacre {

enum class ErrorKind : uint8_t {
  kValue,           // ValueError: an argument of the right type with a wrong value
  kType,            // TypeError: an argument of the wrong type or dtype
  kIndex,           // IndexError: an index out of range
  kKey,             // KeyError: an unknown name
  kAttribute,       // AttributeError
  kRuntime,         // RuntimeError: an operation in the wrong state
  kNotImplemented,  // NotImplementedError
  kMemory,          // MemoryError
  kFile,            // OSError: reading or writing a file failed
  kInterrupted,     // KeyboardInterrupt: the caller asked to stop
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Concatenates the streamed forms of its arguments.
template <class... Args>
std::string str_cat(const Args&... args) {
  std::ostringstream out;
  out << std::boolalpha;
  (out << ... << args);
  return out.str();
}

template <class... Args>
[[noreturn]] void raise(ErrorKind kind, const Args&... args) {
  throw Error(kind, str_cat(args...));
}

template <class... Args>
[[noreturn]] void value_error(const Args&... args) {
  throw Error(ErrorKind::kValue, str_cat(args...));
}

template <class... Args>
[[noreturn]] void type_error(const Args&... args) {
  throw Error(ErrorKind::kType, str_cat(args...));
}

template <class... Args>
[[noreturn]] void runtime_error(const Args&... args) {
  throw Error(ErrorKind::kRuntime, str_cat(args...));
}

// The candidate closest to `name` as " Did you mean 'x'?", or "" when none is near.
template <class Range>
std::string did_you_mean(const std::string& name, const Range& candidates);

// Edit distance between two names, case-insensitive, for did_you_mean.
int edit_distance(const std::string& a, const std::string& b);

template <class Range>
std::string did_you_mean(const std::string& name, const Range& candidates) {
  int best = static_cast<int>(name.size()) / 2 + 1;
  std::string found;
  for (const auto& candidate : candidates) {
    const int distance = edit_distance(name, std::string(candidate));
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found.empty() ? std::string() : " Did you mean '" + found + "'?";
}

}  // namespace nacre
