// Labels from the outputs of a CTC model: the best path, or a beam search over prefixes (Graves and
// Jaitly 2014).
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "nacre/base/parallel.h"
#include "nacre/ops/nn.h"
#include "nacre/ops/opdef.h"
#include "nacre/ops/ops.h"
#include "ops/registry.h"

namespace nacre {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

struct CtcDecodeAttrs : AttrsOf<CtcDecodeAttrs> {
  std::string strategy = "greedy";
  int64_t beam_width = 100;
  int64_t top_paths = 1;
  bool merge_repeated = true;
  int64_t mask_index = 0;
  NACRE_ATTRS(strategy, beam_width, top_paths, merge_repeated, mask_index)
  int64_t paths() const { return strategy == "greedy" ? 1 : top_paths; }
};

double log_add(double a, double b) {
  const double high = std::max(a, b);
  if (high == kNever) return kNever;
  return high + std::log1p(std::exp(std::min(a, b) - high));
}

using Path = std::vector<int32_t>;

// Of two equally likely paths the one of smaller labels comes first, a longer one before its start.
bool comes_first(const Path& a, const Path& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] != b[i]) return a[i] < b[i];
  }
  return a.size() > b.size();
}

// A prefix: log-probabilities of its ways that end in its last label, and in a blank.
struct Beam {
  Path path;
  double emit = kNever;
  double blank = kNever;
  double total() const { return log_add(emit, blank); }
};

void keep_best(std::vector<Beam>& beams, int64_t width) {
  std::vector<std::pair<double, size_t>> order;
  for (size_t i = 0; i < beams.size(); ++i) order.emplace_back(beams[i].total(), i);
  const auto before = [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    return comes_first(beams[a.second].path, beams[b.second].path);
  };
  const auto kept = order.begin() + std::min<int64_t>(width, static_cast<int64_t>(order.size()));
  std::partial_sort(order.begin(), kept, order.end(), before);
  std::vector<Beam> best;
  for (auto it = order.begin(); it != kept; ++it) best.push_back(std::move(beams[it->second]));
  beams = std::move(best);
}

template <class T>
std::vector<Beam> beam_search(const T* log_p, int64_t steps, int64_t classes, int64_t blank,
                              int64_t width) {
  std::vector<Beam> beams(1);
  beams[0].blank = 0;
  for (int64_t t = 0; t < steps; ++t) {
    const T* p = log_p + t * classes;
    std::map<Path, size_t> places;
    std::vector<Beam> next(beams.size());
    for (size_t i = 0; i < beams.size(); ++i) {
      next[i].path = beams[i].path;
      places.emplace(beams[i].path, i);
    }
    for (size_t i = 0; i < beams.size(); ++i) {
      const Beam& beam = beams[i];
      const double total = beam.total();
      next[i].blank = total + p[blank];
      const int32_t last = beam.path.empty() ? -1 : beam.path.back();
      if (last >= 0) next[i].emit = log_add(next[i].emit, beam.emit + p[last]);
      for (int64_t c = 0; c < classes; ++c) {
        if (c == blank) continue;
        const double score = (c == last ? beam.blank : total) + p[c];
        if (score == kNever) continue;
        Path longer = beam.path;
        longer.push_back(static_cast<int32_t>(c));
        const auto known = places.find(longer);
        if (known == places.end()) {
          next.push_back({std::move(longer), score, kNever});
        } else {
          Beam& same = next[known->second];
          same.emit = log_add(same.emit, score);
        }
      }
    }
    keep_best(next, width);
    beams = std::move(next);
  }
  return beams;
}

template <class T>
Path greedy(const T* x, int64_t steps, int64_t classes, int64_t blank, bool merge_repeated,
            double& score) {
  Path path;
  int64_t before = -1;
  score = 0;
  for (int64_t t = 0; t < steps; ++t) {
    const T* row = x + t * classes;
    const int64_t best = std::max_element(row, row + classes) - row;
    score -= row[best];
    if (best != blank && !(merge_repeated && best == before)) {
      path.push_back(static_cast<int32_t>(best));
    }
    before = best;
  }
  return path;
}

std::vector<TensorSpec> infer_decode(const InferContext& c) {
  const auto& a = c.attrs_as<CtcDecodeAttrs>();
  const Shape& x = c.shape(0);
  return {{DType::kInt32, {a.paths(), x[0], x[1]}}, {c.dtype(0), {x[0], a.paths()}}};
}

void decode_kernel(const KernelContext& c) {
  const auto& a = c.attrs_as<CtcDecodeAttrs>();
  const Shape& shape = c.in[0].shape();
  const int64_t batch = shape[0], steps = shape[1], classes = shape[2];
  int32_t* paths = c.out[0].as<int32_t>();
  const int32_t* lengths = c.in[1].as<const int32_t>();
  for (int64_t b = 0; b < batch; ++b) {
    if (lengths[b] < 0 || lengths[b] > steps) {
      value_error("ctc_decode: expected sequence_lengths from 0 to ", steps, ", received ",
                  lengths[b], " for sample ", b);
    }
  }
  std::fill(paths, paths + c.out[0].size(), -1);
  dispatch_floating(c.in[0].dtype(), [&]<class T>(type_tag<T>) {
    parallel_for(batch, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const T* x = c.in[0].as<const T>() + b * steps * classes;
        T* scores = c.out[1].as<T>() + b * a.paths();
        const auto put = [&](int64_t rank, const Path& path, double score) {
          std::copy(path.begin(), path.end(), paths + (rank * batch + b) * steps);
          scores[rank] = static_cast<T>(score);
        };
        if (a.strategy == "greedy") {
          double score = 0;
          const Path path = greedy(x, lengths[b], classes, a.mask_index, a.merge_repeated, score);
          put(0, path, score);
          continue;
        }
        std::vector<Beam> beams = beam_search(x, lengths[b], classes, a.mask_index, a.beam_width);
        for (int64_t rank = 0; rank < a.top_paths; ++rank) {
          const bool found = rank < static_cast<int64_t>(beams.size());
          put(rank, found ? beams[rank].path : Path(), found ? beams[rank].total() : kNever);
        }
      }
    });
  });
}

Tensors decode_composite(std::span<const Tensor> in, const Attrs* attrs) {
  const auto& a = static_cast<const CtcDecodeAttrs&>(*attrs);
  const Shape& shape = in[0].shape();
  if (shape.rank() != 3 || in[1].rank() != 1 ||
      (shape[0] >= 0 && in[1].shape()[0] >= 0 && shape[0] != in[1].shape()[0])) {
    value_error("ctc_decode: expected inputs (batch, steps, classes) and sequence_lengths ",
                "(batch,), received ", shape, " and ", in[1].shape());
  }
  if (a.strategy != "greedy" && a.strategy != "beam_search") {
    value_error("ctc_decode: expected strategy 'greedy' or 'beam_search', received '", a.strategy,
                "'");
  }
  if (a.beam_width < 1 || a.top_paths < 1 || a.top_paths > a.beam_width) {
    value_error("ctc_decode: expected 1 <= top_paths <= beam_width, received top_paths=",
                a.top_paths, ", beam_width=", a.beam_width);
  }
  if (shape[2] >= 0 && (a.mask_index < 0 || a.mask_index >= shape[2])) {
    value_error("ctc_decode: expected mask_index from 0 to ", shape[2] - 1, ", received ",
                a.mask_index);
  }
  const bool wide = in[0].dtype() == DType::kFloat32 || in[0].dtype() == DType::kFloat64;
  Tensor x = wide ? in[0] : ops::cast(in[0], DType::kFloat32);
  if (a.strategy == "beam_search") x = ops::log_softmax(x);
  auto inner = make_ref<CtcDecodeAttrs>(a);
  return apply(find_op("ctc_decode_paths"), {x, ops::cast(in[1], DType::kInt32)}, inner);
}

}  // namespace

void register_ctc_decode_op(OpRegistry& registry) {
  constexpr const char* params =
      "inputs, sequence_lengths, strategy, beam_width, top_paths, merge_repeated, mask_index";
  OpDef decode;
  decode.name = "ctc_decode";
  decode.params = params;
  decode.doc =
      "The likeliest labels of the outputs of a CTC model.\n\n"
      "Args:\n    inputs: Logits, (batch, steps, classes).\n"
      "    sequence_lengths: Steps that count of each sample, (batch,).\n"
      "    strategy: \"greedy\" (the likeliest class of each step) or \"beam_search\".\n"
      "    beam_width: Prefixes that a beam search keeps.\n"
      "    top_paths: How many results a beam search returns.\n"
      "    merge_repeated: Whether equal classes in a row are one label; of \"greedy\" only.\n"
      "    mask_index: The class that means no label.\n\n"
      "Returns:\n    Labels (paths, batch, steps), followed by -1; and their scores (batch, "
      "paths):\n"
      "    minus the sum of the logits for \"greedy\", log-probabilities for a beam search.\n\n"
      "Raises:\n    ValueError: shapes that do not fit, or a length or argument out of its range.";
  decode.make_attrs = make_attrs_of<CtcDecodeAttrs>;
  decode.composite = decode_composite;
  registry.add(std::move(decode));

  OpDef paths;
  paths.name = "ctc_decode_paths";
  paths.params = params;
  paths.doc = "ctc_decode of checked arguments; a beam search from log-probabilities.";
  paths.make_attrs = make_attrs_of<CtcDecodeAttrs>;
  paths.infer = infer_decode;
  paths.kernel = decode_kernel;
  paths.differentiable = false;
  paths.internal = true;
  registry.add(std::move(paths));
}

}  // namespace nacre
