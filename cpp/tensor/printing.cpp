// The text of a tensor's values, laid out as NumPy lays out arrays.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "nacre/tensor/tensor.h"

namespace nacre {
namespace {

constexpr int64_t kSummaryThreshold = 1000;
constexpr int64_t kEdge = 3;
constexpr int kPrecision = 8;  // NumPy's default of digits after the point
constexpr size_t kLineWidth = 75;

// The indices that are shown along an axis; -1 stands for the dots.
std::vector<int64_t> shown(int64_t dim, bool summarize) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < dim; ++i) {
    if (summarize && dim > 2 * kEdge && i == kEdge) {
      indices.push_back(-1);
      i = dim - kEdge;
    }
    indices.push_back(i);
  }
  return indices;
}

// Shortest text that reads back as the value, at most kPrecision digits after the point.
template <class T>
std::string fixed_text(T value) {
  char buffer[512];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed).ptr;
  std::string text(buffer, end);
  const size_t point = text.find('.');
  if (point == std::string::npos) return text + ".";
  if (text.size() - point - 1 > kPrecision) {
    end =
        std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, kPrecision)
            .ptr;
    text.assign(buffer, end);
    while (text.back() == '0') text.pop_back();
  }
  return text;
}

template <class T>
std::string scientific_text(T value) {
  char buffer[64];
  auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  size_t e = text.find('e');
  const size_t point = text.find('.');
  if (point == std::string::npos) {
    text.insert(e, ".");
  } else if (e - point - 1 > kPrecision) {
    end = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific,
                        kPrecision)
              .ptr;
    text.assign(buffer, end);
    for (e = text.find('e'); text[e - 1] == '0'; --e) text.erase(e - 1, 1);
  }
  return text;
}

size_t digits_after_point(const std::string& text) {
  const size_t point = text.find('.');
  if (point == std::string::npos) return 0;
  return std::min(text.find('e'), text.size()) - point - 1;
}

// Texts of one width, the points below each other.
template <class T>
void format_floats(const std::vector<T>& values, std::vector<std::string>& texts) {
  double high = 0;
  double low = INFINITY;
  for (const T v : values) {
    const double a = std::abs(static_cast<double>(v));
    if (!std::isfinite(a) || a == 0) continue;
    high = std::max(high, a);
    low = std::min(low, a);
  }
  const bool scientific = high >= 1e8 || (high > 0 && (low < 1e-4 || high / low > 1000));
  size_t fraction = 0;
  for (const T v : values) {
    if (!std::isfinite(v)) {
      texts.emplace_back(std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
      continue;
    }
    texts.push_back(scientific ? scientific_text(v) : fixed_text(v));
    fraction = std::max(fraction, digits_after_point(texts.back()));
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const size_t missing = fraction - digits_after_point(texts[i]);
    if (scientific) {
      texts[i].insert(texts[i].find('e'), missing, '0');
    } else {
      texts[i].append(missing, ' ');
    }
  }
}

void collect(const Shape& shape, int axis, int64_t offset, bool summarize,
             std::vector<int64_t>& offsets) {
  if (axis == shape.rank()) {
    offsets.push_back(offset);
    return;
  }
  const int64_t inner = shape.size(axis + 1, shape.rank());
  for (const int64_t i : shown(shape[axis], summarize)) {
    if (i >= 0) collect(shape, axis + 1, offset + i * inner, summarize, offsets);
  }
}

void lay_out(const Shape& shape, int axis, bool summarize, const std::vector<std::string>& texts,
             size_t& next, std::string& out) {
  if (axis == shape.rank()) {
    out += texts[next++];
    return;
  }
  const bool last = axis + 1 == shape.rank();
  const std::string indent(static_cast<size_t>(axis) + 1, ' ');
  out += '[';
  size_t line_start = out.rfind('\n') + 1;
  bool first = true;
  for (const int64_t i : shown(shape[axis], summarize)) {
    if (!first && !last) {
      out.append(static_cast<size_t>(shape.rank() - axis - 1), '\n');
      out += indent;
    } else if (!first) {
      const size_t width = i < 0 ? 3 : texts[next].size();
      if (out.size() - line_start + 1 + width > kLineWidth) {
        line_start = out.size() + 1;
        out += '\n' + indent;
      } else {
        out += ' ';
      }
    }
    first = false;
    if (i < 0) {
      out += "...";
    } else {
      lay_out(shape, axis + 1, summarize, texts, next, out);
    }
  }
  out += ']';
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  if (tensor.is_placeholder()) return str_cat("<placeholder ", shape, " ", tensor.dtype(), ">");
  const bool summarize = tensor.size() > kSummaryThreshold;
  std::vector<int64_t> offsets;
  collect(shape, 0, 0, summarize, offsets);
  std::vector<std::string> texts;
  dispatch(tensor.dtype(), [&]<class T>(type_tag<T>) {
    const T* data = tensor.data<T>();
    if constexpr (std::is_same_v<T, bool>) {
      for (const int64_t i : offsets) texts.emplace_back(data[i] ? "True" : "False");
    } else if constexpr (std::is_integral_v<T>) {
      for (const int64_t i : offsets) texts.push_back(std::to_string(data[i]));
    } else {
      using C = std::conditional_t<std::is_same_v<T, double>, double, float>;
      std::vector<C> values;
      for (const int64_t i : offsets) values.push_back(static_cast<C>(data[i]));
      format_floats(values, texts);
    }
  });
  if (shape.rank() == 0) {
    std::string& text = texts[0];
    if (text.back() == '.') text += '0';
    return text;
  }
  size_t width = 0;
  for (const std::string& text : texts) width = std::max(width, text.size());
  for (std::string& text : texts) text.insert(0, width - text.size(), ' ');
  std::string out;
  size_t next = 0;
  lay_out(shape, 0, summarize, texts, next, out);
  return out;
}

}  // namespace nacre
