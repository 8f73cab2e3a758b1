// Shape: the dimensions of a tensor, at most kMaxRank of them, held inline.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace nacre {

inline constexpr int kMaxRank = 8;
inline constexpr int64_t kUnknownDim = -1;  // a dimension not known yet (None in Python)

class Shape {
 public:
  Shape() = default;  // rank 0: a scalar
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);  // ValueError past kMaxRank
  explicit Shape(const std::vector<int64_t>& dims) : Shape(std::span(dims)) {}

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  int64_t operator[](int axis) const { return dims_[axis]; }
  int64_t& operator[](int axis) { return dims_[axis]; }
  int64_t back() const { return dims_[rank_ - 1]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  std::vector<int64_t> vector() const { return {begin(), end()}; }

  // Product of the dimensions (1 for a scalar); unknown dimensions make it negative.
  int64_t size() const;
  int64_t size(int begin_axis, int end_axis) const;
  bool is_known() const;        // no dimension is kUnknownDim
  void push_back(int64_t dim);  // ValueError past kMaxRank
  void erase(int axis);
  void insert(int axis, int64_t dim);

  bool operator==(const Shape& other) const;
  std::string str() const;  // "(2, None, 3)"

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int8_t rank_ = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.str();
}

// Maps an axis in [-rank, rank) to [0, rank); ValueError otherwise, naming `what` ("softmax").
int normalize_axis(int64_t axis, int rank, std::string_view what);

// NumPy's broadcast of two shapes; ValueError naming `what` when they do not fit. An unknown
// dimension against 1 or unknown stays unknown, against n becomes n.
Shape broadcast_shapes(const Shape& a, const Shape& b, std::string_view what);

}  // namespace nacre
