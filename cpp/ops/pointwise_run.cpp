// Runs pointwise programs: tiles of the iteration space, in parallel; each micro-op over a tile is
// a call of the kernel table.
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/abi.h"
#include "ops/loop.h"
#include "ops/pointwise_program.h"
#include "ops/random_draws.h"

namespace nacre {
namespace {

using Instruction = PointwiseInstruction;
using Kind = Instruction::Kind;

constexpr int64_t kTile = 1024;  // elements; a few registers of 4 KB stay in L1
constexpr int kMaxOutputs = kMaxPointwiseInstructions;
constexpr int kScratchSlot = 3;
constexpr int kOneARow = 2;          // a step: one element for each row, repeated along it
constexpr int64_t kMinLongRow = 64;  // elements; shorter rows are not worth a call each

// An operand or result at the present tile.
struct Place {
  void* data;
  int step;  // 0: one element, repeated; 1; or kOneARow

  float* floats() const { return static_cast<float*>(data); }
  uint8_t* bytes() const { return static_cast<uint8_t*>(data); }
};

// f(a, b) of bytes that are 0 or 1, eight at a time.
template <class F>
void map_bytes(const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += 8) {
    const size_t m = static_cast<size_t>(std::min<int64_t>(8, n - i));
    uint64_t left = 0, right = 0;
    std::memcpy(&left, a + i, m);
    std::memcpy(&right, b + i, m);
    const uint64_t result = f(left, right);
    std::memcpy(y + i, &result, m);
  }
}

void combine_bytes(Kind kind, const uint8_t* a, const uint8_t* b, uint8_t* y, int64_t n) {
  using W = uint64_t;
  switch (kind) {
    case Kind::kAnd:
      return map_bytes(a, b, y, n, [](W l, W r) { return l & r; });
    case Kind::kOr:
      return map_bytes(a, b, y, n, [](W l, W r) { return l | r; });
    case Kind::kXor:
      return map_bytes(a, b, y, n, [](W l, W r) { return l ^ r; });
    default:
      return map_bytes(a, b, y, n, [](W l, W r) { return l ^ r ^ W { 0x0101010101010101 }; });
  }
}

// n times *x. maximum(x, x) is x, NaN and -0 included, and its kernel stores whole vectors.
void repeat(const float* x, float* y, int64_t n) {
  if (n < 32) {
    std::fill_n(y, n, *x);
  } else {
    kernels::table().binary[static_cast<int>(kernels::Binary::kMaximum)](x, x, y, n, 0, 0);
  }
}
void repeat(const uint8_t* x, uint8_t* y, int64_t n) {
  std::memset(y, *x, static_cast<size_t>(n));
}

void finite(const float* x, uint8_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, x + i, sizeof bits);
    y[i] = (bits & 0x7f800000u) != 0x7f800000u;
  }
}

class Runner {
 public:
  explicit Runner(const KernelContext& c)
      : c_(c),
        attrs_(c.attrs_as<PointwiseAttrs>()),
        program_(attrs_.program()),
        table_(kernels::table()),
        inputs_(static_cast<int>(c.in.size())) {
    size_ = Shape(attrs_.shape).size();
    find_patterns();
    find_deferred_outputs();
    choose_tile();
  }

  void run() const {
    if (size_ == 0) return;
    // More work an element: smaller chunks are worth a thread.
    const int64_t work = std::max<int64_t>(1, static_cast<int64_t>(program_.code.size()) / 2);
    const int64_t unit = attrs_.row > 0 ? attrs_.row : 1;
    const int64_t grain = std::max<int64_t>(1, kElementwiseGrain / work / unit);
    parallel_for(size_ / unit, grain,
                 [&](int64_t begin, int64_t end) { run_range(begin * unit, end * unit); });
  }

 private:
  enum class Pattern : uint8_t { kDense, kScalar, kRuns, kPerRow };

  // What kRuns needs: the iteration space seen as runs of `run_` elements.
  struct Runs {
    int step;                              // 0 or 1 within a run
    bool same;                             // every run reads the same elements
    std::array<int64_t, kMaxRank> stride;  // of the axes outside the run
  };

  void find_patterns() {
    bool runs = false;
    for (int i = 0; i < inputs_; ++i) {
      const int64_t n = c_.in[i].size();
      if (program_.per_row[i] || program_.seeds[i]) {
        pattern_[i] = program_.seeds[i] ? Pattern::kScalar : Pattern::kPerRow;
        continue;
      }
      pattern_[i] = n == size_ ? Pattern::kDense : n == 1 ? Pattern::kScalar : Pattern::kRuns;
      if (pattern_[i] == Pattern::kScalar && program_.needs_elements[i]) {
        pattern_[i] = Pattern::kRuns;
      }
      runs = runs || pattern_[i] == Pattern::kRuns;
    }
    if (runs) find_runs();
  }

  // Joins neighbouring axes along which every input behaves the same.
  void find_runs() {
    const int rank = static_cast<int>(attrs_.shape.size());
    std::array<uint32_t, kMaxRank> moves{};  // bit i: input i moves along the axis
    int axes = 0;
    for (int axis = 0; axis < rank; ++axis) {
      const int64_t dim = attrs_.shape[axis];
      if (dim == 1) continue;
      uint32_t bits = 0;
      for (int i = 0; i < inputs_; ++i) {
        if (pattern_[i] == Pattern::kPerRow || program_.seeds[i]) continue;
        const Shape& shape = c_.in[i].shape();
        const int own = axis - rank + shape.rank();
        if (own >= 0 && shape[own] != 1) bits |= 1u << i;
      }
      if (axes > 0 && moves[axes - 1] == bits) {
        dims_[axes - 1] *= dim;
      } else {
        moves[axes] = bits;
        dims_[axes++] = dim;
      }
    }
    if (axes == 0) dims_[axes++] = 1;
    outer_axes_ = axes - 1;
    run_ = dims_[outer_axes_];
    for (int i = 0; i < inputs_; ++i) {
      if (pattern_[i] != Pattern::kRuns) continue;
      Runs& r = runs_[i];
      r.step = static_cast<int>((moves[outer_axes_] >> i) & 1u);
      r.same = true;
      int64_t stride = r.step ? run_ : 1;
      for (int d = outer_axes_ - 1; d >= 0; --d) {
        const bool moving = (moves[d] >> i) & 1u;
        r.stride[d] = moving ? stride : 0;
        if (moving) stride *= dims_[d];
        r.same = r.same && !moving;
      }
    }
  }

  // An output over an input that is read again later is written at the end of each tile.
  void find_deferred_outputs() {
    num_registers_ = program_.num_registers;
    deferred_.fill(-1);
    for (size_t i = 0; i < program_.code.size(); ++i) {
      if (program_.target[i] >= 0 || program_.code[i].per_row) continue;
      const int o = -1 - program_.target[i];
      for (int k = 0; k < inputs_; ++k) {
        if (c_.in[k].data == c_.out[o].data && program_.last_read[k] > static_cast<int>(i)) {
          deferred_[o] = num_registers_++;
          break;
        }
      }
    }
  }

  void choose_tile() {
    const int64_t unit = attrs_.row > 0 ? attrs_.row : run_ > 0 && run_ <= kTile ? run_ : 1;
    tile_ = std::max<int64_t>(1, kTile / unit) * unit;
    // Every register and gathered input begins on a cache line.
    register_elements_ = (tile_ + 15) / 16 * 16;
    gathered_.fill(-1);
    int used = num_registers_;
    for (int i = 0; i < inputs_; ++i) {
      if (pattern_[i] == Pattern::kRuns) gathered_[i] = used++;
    }
    scratch_bytes_ = static_cast<size_t>(used) * static_cast<size_t>(register_elements_) * 4;
  }

  int64_t run_offset(const Runs& r, int64_t index) const {
    int64_t offset = 0;
    for (int d = outer_axes_ - 1; d >= 0; --d) {
      offset += index % dims_[d] * r.stride[d];
      index /= dims_[d];
    }
    return offset;
  }

  template <class T>
  void gather(int input, T* to, int64_t at, int64_t n) const {
    const Runs& r = runs_[input];
    const T* from = c_.in[input].as<const T>();
    for (const int64_t end = at + n; at < end;) {
      const int64_t index = at / run_;
      const int64_t inside = at - index * run_;
      const int64_t m = std::min(end - at, run_ - inside);
      const T* p = from + run_offset(r, index);
      if (r.step) {
        std::memcpy(to, p + inside, static_cast<size_t>(m) * sizeof(T));
      } else {
        repeat(p, to, m);
      }
      to += m;
      at += m;
    }
  }

  void run_range(int64_t begin, int64_t end) const {
    char* scratch = static_cast<char*>(thread_scratch(scratch_bytes_, kScratchSlot));
    const auto buffer = [&](int index) -> void* {
      return scratch + static_cast<size_t>(index) * static_cast<size_t>(register_elements_) * 4;
    };
    std::array<Place, kMaxPointwiseInputs + kMaxPointwiseInstructions> places;
    std::array<int64_t, kMaxPointwiseInputs> phase;  // where in a run a gathered tile begins
    phase.fill(-1);
    for (size_t i = 0; i < program_.code.size(); ++i) {
      if (program_.target[i] >= 0) places[inputs_ + i] = {buffer(program_.target[i]), 1};
    }
    for (int64_t at = begin; at < end;) {
      int64_t n = std::min(tile_, end - at);
      if (run_ > kTile && attrs_.row == 0) n = std::min(n, run_ - at % run_);  // nothing to gather
      for (int i = 0; i < inputs_; ++i) places[i] = input_place(i, at, n, buffer, phase);
      for (size_t i = 0; i < program_.code.size(); ++i) {
        if (program_.target[i] >= 0) continue;
        const int o = -1 - program_.target[i];
        const int64_t first = program_.code[i].per_row ? at / attrs_.row : at;
        places[inputs_ + i] = {
            deferred_[o] >= 0
                ? buffer(deferred_[o])
                : c_.out[o].as<char>() + static_cast<size_t>(first) * size_of(c_.out[o].dtype()),
            1};
      }
      const int64_t rows = attrs_.row > 0 ? n / attrs_.row : 0;
      for (size_t i = 0; i < program_.code.size(); ++i) {
        const Instruction& code = program_.code[i];
        const size_t value = static_cast<size_t>(inputs_) + i;
        if (code.kind == Kind::kSpread && !program_.needs_elements[value] &&
            (rows == 1 || attrs_.row >= kMinLongRow)) {
          places[value] = {places[code.operands[0]].data, rows == 1 ? 0 : kOneARow};
          continue;
        }
        execute(code, places.data(), places[value].data, at, code.per_row ? rows : n);
      }
      for (size_t i = 0; i < program_.code.size(); ++i) {
        const int o = -1 - program_.target[i];
        if (o < 0 || deferred_[o] < 0) continue;
        const size_t element = size_of(c_.out[o].dtype());
        std::memcpy(c_.out[o].as<char>() + static_cast<size_t>(at) * element, buffer(deferred_[o]),
                    static_cast<size_t>(n) * element);
      }
      at += n;
    }
  }

  template <class BufferOf>
  Place input_place(int i, int64_t at, int64_t n, const BufferOf& buffer,
                    std::array<int64_t, kMaxPointwiseInputs>& phase) const {
    const Buffer& in = c_.in[i];
    const size_t element = size_of(in.dtype());
    if (pattern_[i] == Pattern::kScalar) return {in.data, 0};
    if (pattern_[i] == Pattern::kPerRow) {
      return {in.as<char>() + static_cast<size_t>(at / attrs_.row) * element, 1};
    }
    if (pattern_[i] == Pattern::kDense) {
      return {in.as<char>() + static_cast<size_t>(at) * element, 1};
    }
    const Runs& r = runs_[i];
    const int64_t inside = at % run_;
    if (inside + n <= run_ && (r.step || !program_.needs_elements[i])) {
      const int64_t offset = run_offset(r, at / run_) + (r.step ? inside : 0);
      return {in.as<char>() + static_cast<size_t>(offset) * element, r.step};
    }
    void* to = buffer(gathered_[i]);
    if (!(r.same && phase[i] == inside)) {
      // Also what later tiles of full length read, where all runs are alike.
      const int64_t length = r.same ? std::min(tile_, size_ - at) : n;
      if (element == 1) {
        gather(i, static_cast<uint8_t*>(to), at, length);
      } else {
        gather(i, static_cast<float*>(to), at, length);
      }
      phase[i] = inside;
    }
    return {to, 1};
  }

  // run(a, b, first, n, step_a, step_b) over the tile at once, or row by row where an operand has
  // one element a row.
  template <class Run>
  void with_steps(const Place& a, const Place& b, int64_t n, const Run& run) const {
    if (a.step != kOneARow && b.step != kOneARow) {
      return run(a.floats(), b.floats(), int64_t{0}, n, a.step, b.step);
    }
    const int64_t row = attrs_.row;
    const auto at_row = [row](const Place& p, int64_t r) {
      return p.floats() + (p.step == kOneARow ? r : p.step * r * row);
    };
    for (int64_t r = 0; r < n / row; ++r) {
      run(at_row(a, r), at_row(b, r), r * row, row, a.step == 1, b.step == 1);
    }
  }

  // at: the tile's first element; n: the results, elements of the tile or rows.
  void execute(const Instruction& code, const Place* places, void* result, int64_t at,
               int64_t n) const {
    const Place& a = places[code.operands[0]];
    float* y = static_cast<float*>(result);
    uint8_t* bytes = static_cast<uint8_t*>(result);
    const auto operand = [&](int p) -> const Place& { return places[code.operands[p]]; };
    switch (code.kind) {
      case Kind::kUnary:
        table_.unary[code.function](a.floats(), y, n);
        break;
      case Kind::kBinary:
        with_steps(a, operand(1), n,
                   [&](const float* p, const float* q, int64_t first, int64_t m, int sp, int sq) {
                     table_.binary[code.function](p, q, y + first, m, sp, sq);
                   });
        break;
      case Kind::kCompare:
        with_steps(a, operand(1), n,
                   [&](const float* p, const float* q, int64_t first, int64_t m, int sp, int sq) {
                     table_.compare[code.function](p, q, bytes + first, m, sp, sq);
                   });
        break;
      case Kind::kSelect:
        with_steps(operand(1), operand(2), n,
                   [&](const float* p, const float* q, int64_t first, int64_t m, int sp, int sq) {
                     table_.select(a.bytes() + first, p, q, y + first, m, sp, sq);
                   });
        break;
      case Kind::kClip:
        table_.clip(a.floats(), y, n, static_cast<float>(code.low), static_cast<float>(code.high));
        break;
      case Kind::kAnd:
      case Kind::kOr:
      case Kind::kXor:
      case Kind::kSame:
        combine_bytes(code.kind, a.bytes(), operand(1).bytes(), bytes, n);
        break;
      case Kind::kFromBytes:
        table_.float_from_u8(a.bytes(), y, n);
        break;
      case Kind::kToBytes: {
        const float zero = 0;
        table_.compare[static_cast<int>(kernels::Compare::kNotEqual)](a.floats(), &zero, bytes, n,
                                                                      1, 0);
        break;
      }
      case Kind::kCopy:
        std::memmove(y, a.data, static_cast<size_t>(n) * sizeof(float));
        break;
      case Kind::kFinite:
        finite(a.floats(), bytes, n);
        break;
      case Kind::kKeep:
        table_.dropout(seed_key(c_.in[code.operands[0]]), 0, nullptr, nullptr, bytes - at, at,
                       at + n, static_cast<float>(code.low), 0);
        break;
      case Kind::kDropout: {
        const float scale = static_cast<float>(code.low), zero = 0;
        table_.binary[static_cast<int>(kernels::Binary::kMul)](operand(1).floats(), &scale, y, n, 1,
                                                               0);
        table_.select(a.bytes(), y, &zero, y, n, 1, 0);
        break;
      }
      case Kind::kRowReduce:
        table_.reduce[code.function](a.floats(), y, 0, n, attrs_.row, 1);
        if (code.divisor != 1) {
          for (int64_t r = 0; r < n; ++r) y[r] /= static_cast<float>(code.divisor);
        }
        break;
      case Kind::kSpread:
        for (int64_t r = 0; r < n / attrs_.row; ++r) {
          if (code.gives_bytes()) {
            repeat(a.bytes() + r, bytes + r * attrs_.row, attrs_.row);
          } else {
            repeat(a.floats() + r, y + r * attrs_.row, attrs_.row);
          }
        }
        break;
    }
  }

  const KernelContext& c_;
  const PointwiseAttrs& attrs_;
  const PointwiseProgram& program_;
  const kernels::KernelTable& table_;
  const int inputs_;
  int64_t size_ = 0;
  int64_t tile_ = kTile;
  int64_t register_elements_ = 0;
  size_t scratch_bytes_ = 0;
  int num_registers_ = 0;
  std::array<Pattern, kMaxPointwiseInputs> pattern_;
  std::array<Runs, kMaxPointwiseInputs> runs_;
  std::array<int, kMaxPointwiseInputs> gathered_;  // the buffer of a gathered input
  std::array<int, kMaxOutputs> deferred_;          // the register of a deferred output, or -1
  std::array<int64_t, kMaxRank> dims_{};
  int outer_axes_ = 0;
  int64_t run_ = 0;  // elements of a run; 0: no input needs runs
};

}  // namespace

void run_pointwise(const KernelContext& context) {
  Runner(context).run();
}

}  // namespace nacre
