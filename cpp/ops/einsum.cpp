// einsum: every equation becomes transposes, reshapes, sums and batched matmuls, two operands at a
// time from left to right.
#include <algorithm>
#include <map>
#include <string>

#include "nacre/ops/products.h"
#include "nacre/ops/shaping.h"
#include "ops/define.h"
#include "ops/promote.h"
#include "ops/registry.h"

namespace nacre {
namespace {

struct EinsumAttrs : AttrsOf<EinsumAttrs> {
  std::string subscripts;
  NACRE_ATTRS(subscripts)
};

// The axes that an ellipsis stands for get labels of their own: these, which are no letters.
constexpr char kEllipsisBase = '\x01';

struct Term {
  Tensor x;
  std::string labels;  // one an axis, distinct
};

[[noreturn]] void bad(const std::string& subscripts, const std::string& why) {
  value_error("einsum: expected a valid equation, received '", subscripts, "': ", why);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "bi...j" for an operand of `rank` axes, with the ellipsis written out as the last of `width`
// labels.
std::string expand(const std::string& text, int rank, int width, const std::string& subscripts) {
  std::string labels;
  const size_t dots = text.find("...");
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == dots) {
      const int letters = static_cast<int>(text.size()) - 3;
      const int count = rank < 0 ? width : rank - letters;
      if (count < 0) bad(subscripts, str_cat("an operand has only ", rank, " axes"));
      for (int k = width - count; k < width; ++k) {
        labels += static_cast<char>(kEllipsisBase + k);
      }
      i += 2;
    } else if (is_letter(text[i])) {
      labels += text[i];
    } else {
      bad(subscripts, str_cat("unexpected '", std::string(1, text[i]), "'"));
    }
  }
  if (rank >= 0 && static_cast<int>(labels.size()) != rank) {
    bad(subscripts,
        str_cat("'", text, "' names ", labels.size(), " axes of an operand with ", rank));
  }
  return labels;
}

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Repeated labels ("ii") leave their diagonal.
void take_diagonals(Term& term) {
  for (size_t i = 0; i < term.labels.size(); ++i) {
    const size_t j = term.labels.find(term.labels[i], i + 1);
    if (j == std::string::npos) continue;
    const char label = term.labels[i];
    term.x = ops::diagonal(term.x, 0, static_cast<int64_t>(i), static_cast<int64_t>(j));
    term.labels.erase(j, 1);
    term.labels.erase(i, 1);
    term.labels += label;
    i = static_cast<size_t>(-1);  // the labels moved: look again
  }
}

// Sums the axes whose label is not in `keep`.
void sum_out(Term& term, const std::string& keep) {
  IntList axes;
  std::string left;
  for (size_t i = 0; i < term.labels.size(); ++i) {
    if (keep.find(term.labels[i]) == std::string::npos) {
      axes.push_back(static_cast<int64_t>(i));
    } else {
      left += term.labels[i];
    }
  }
  if (axes.empty()) return;
  const DType dtype = term.x.dtype();
  term.x = ops::cast(ops::sum(term.x, axes), dtype);
  term.labels = left;
}

// The axes in the order of `labels`, which are those of the term.
Tensor arranged(const Term& term, const std::string& labels) {
  if (labels == term.labels) return term.x;
  IntList order;
  for (const char label : labels) order.push_back(static_cast<int64_t>(term.labels.find(label)));
  return ops::transpose(term.x, order);
}

int64_t length_of(const Term& term, char label) {
  return term.x.shape()[static_cast<int>(term.labels.find(label))];
}

// The product of two terms over the labels that only they have: (batch, m, k) (batch, k, n).
Term contract(const Term& a, const Term& b, const std::string& keep) {
  std::string batch, rows, inner, cols;
  for (const char label : a.labels) {
    const bool shared = b.labels.find(label) != std::string::npos;
    const bool kept = keep.find(label) != std::string::npos;
    (shared ? (kept ? batch : inner) : rows) += label;
  }
  for (const char label : b.labels) {
    if (a.labels.find(label) == std::string::npos) cols += label;
  }
  // Labels of length 1 in one operand broadcast there; summed ones must be brought to full length.
  Tensor x = arranged(a, batch + rows + inner);
  Tensor y = arranged(b, batch + inner + cols);
  if (!inner.empty()) {
    Shape wide_x = x.shape();
    Shape wide_y = y.shape();
    for (size_t i = 0; i < inner.size(); ++i) {
      int64_t& dx = wide_x[static_cast<int>(batch.size() + rows.size() + i)];
      int64_t& dy = wide_y[static_cast<int>(batch.size() + i)];
      if (dx == 1) dx = dy;
      if (dy == 1) dy = dx;
    }
    if (!(wide_x == x.shape())) x = ops::broadcast_to(x, wide_x);
    if (!(wide_y == y.shape())) y = ops::broadcast_to(y, wide_y);
  }
  const auto product = [](const Shape& shape, size_t begin, size_t end) {
    int64_t size = 1;
    for (size_t i = begin; i < end; ++i) {
      const int64_t dim = shape[static_cast<int>(i)];
      size = dim == kUnknownDim || size == kUnknownDim ? kUnknownDim : size * dim;
    }
    return size;
  };
  Shape out, shape_x, shape_y;
  for (const char label : batch) {
    out.push_back(std::max(length_of(a, label), length_of(b, label)));
    shape_x.push_back(length_of(a, label));
    shape_y.push_back(length_of(b, label));
  }
  for (const char label : rows) out.push_back(length_of(a, label));
  for (const char label : cols) out.push_back(length_of(b, label));
  const size_t r = batch.size() + rows.size();
  const size_t k = batch.size() + inner.size();
  shape_x.push_back(product(x.shape(), batch.size(), r));
  shape_x.push_back(product(x.shape(), r, r + inner.size()));
  shape_y.push_back(product(y.shape(), batch.size(), k));
  shape_y.push_back(product(y.shape(), k, k + cols.size()));
  const auto unknowns = [](const Shape& shape) {
    return std::count(shape.begin(), shape.end(), kUnknownDim);
  };
  const std::string labels = batch + rows + cols;
  if (unknowns(shape_x) > 1 || unknowns(shape_y) > 1 || unknowns(out) > 1) {
    return {Tensor::placeholder({x.dtype(), out}), labels};  // only a placeholder has such a shape
  }
  const auto shaped = [](const Tensor& t, const Shape& shape) {
    return t.shape() == shape ? t : ops::reshape(t, shape);
  };
  // Without a sum it is an elementwise product, which a matmul of inner length 1 would be slow at.
  const Tensor z = inner.empty() ? shaped(x, shape_x) * shaped(y, shape_y)
                                 : ops::matmul(shaped(x, shape_x), shaped(y, shape_y));
  return {shaped(z, out), labels};
}

Tensor einsum_of(const std::string& subscripts, Inputs in) {
  std::string text;
  for (const char c : subscripts) {
    if (c != ' ') text += c;
  }
  const size_t arrow = text.find("->");
  const auto inputs = split_commas(text.substr(0, arrow));
  if (inputs.size() != in.size()) {
    bad(subscripts, str_cat("it names ", inputs.size(), " operands, received ", in.size()));
  }
  int width = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    if (inputs[i].find("...") == std::string::npos) continue;
    width = std::max(width, in[i].rank() - (static_cast<int>(inputs[i].size()) - 3));
  }
  Tensors operands(in.begin(), in.end());
  promote_all(operands);
  if (operands[0].dtype() == DType::kInt8) {
    for (Tensor& x : operands) x = ops::cast(x, DType::kInt32);
  }
  std::vector<Term> terms;
  std::map<char, int> uses;
  for (size_t i = 0; i < in.size(); ++i) {
    terms.push_back({operands[i], expand(inputs[i], in[i].rank(), width, subscripts)});
    for (const char label : terms.back().labels) ++uses[label];
  }
  std::string output;
  if (arrow != std::string::npos) {
    output = expand(text.substr(arrow + 2), -1, width, subscripts);
  } else {  // the ellipsis, then the labels used once, in order
    for (const auto& [label, count] : uses) {
      if (!is_letter(label) || count == 1) output += label;
    }
  }
  for (size_t i = 0; i < output.size(); ++i) {
    if (!uses.contains(output[i])) bad(subscripts, "the result has a label that no operand has");
    if (output.find(output[i], i + 1) != std::string::npos)
      bad(subscripts, "a label is repeated in the result");
  }
  std::map<char, int64_t> lengths;
  for (const Term& term : terms) {
    for (size_t i = 0; i < term.labels.size(); ++i) {
      const int64_t dim = term.x.shape()[static_cast<int>(i)];
      int64_t& length = lengths.try_emplace(term.labels[i], dim).first->second;
      if (length == 1 || length == kUnknownDim) length = dim;
      if (dim != length && dim != 1 && dim != kUnknownDim) {
        bad(subscripts, str_cat("an axis has length ", length, " and ", dim));
      }
    }
  }
  for (Term& term : terms) take_diagonals(term);
  Term result = terms[0];
  for (size_t i = 0; i < terms.size(); ++i) {
    std::string later = output;
    for (size_t j = i + 1; j < terms.size(); ++j) later += terms[j].labels;
    if (i > 0) {
      sum_out(terms[i], later + result.labels);
      result = contract(result, terms[i], later);
    }
    sum_out(result, later);
  }
  return arranged(result, output);
}

}  // namespace

void register_einsum_ops(OpRegistry& registry) {
  add_variadic(
      registry, "einsum", "subscripts!, *operands",
      "Sum of products by an equation: 'ij,jk->ik' multiplies matrices, 'ii->i' takes a diagonal, "
      "an "
      "ellipsis stands for axes that broadcast.",
      [](Inputs in, const Attrs* attrs) {
        return Tensors{einsum_of(attrs_as<EinsumAttrs>(attrs).subscripts, in)};
      },
      make_attrs_of<EinsumAttrs>);
}

namespace ops {

Tensor einsum(const std::string& subscripts, const Tensors& operands) {
  return einsum_of(subscripts, operands);
}

}  // namespace ops
}  // namespace nacre
