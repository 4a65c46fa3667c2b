// SPDX-License-Identifier: Apache-2.0
#include "text_template.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace waybill::storage {
namespace {

constexpr std::size_t longest_value = 200;
constexpr std::string_view metadata_prefix = "metadata.";

// What deliveries of one batch have in common, and the time of the first of them.
constexpr std::array<std::string_view, 11> common_names{"organizationId", "destinationId", "year", "month", "day",      "hour",
                                                        "minute",         "second",        "date", "time",  "timestamp"};
constexpr std::array<std::string_view, 9> object_names{
    "deliveryId", "taskId", "idempotencyKey", "correlationId", "payloadType", "filename", "basename", "extension", "sha256"};
constexpr std::array<std::string_view, 2> batch_names{"batchId", "count"};

template <std::size_t Size>
[[nodiscard]] bool contains(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[nodiscard]] bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// At most `limit` bytes, cut between characters.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

void append_as_segment(std::string& out, std::string_view value) {
  for (const char c : cut(value, longest_value)) out += c == '/' || c == '\\' || is_control(c) ? '_' : c;
}

/// Ends the segment that begins at `begin`: dots alone, if a value took part in them, lead nowhere.
void settle_segment(std::string& out, std::size_t begin, bool has_value) {
  const auto segment = std::string_view{out}.substr(begin);
  if (has_value && (segment == "." || segment == ".."))
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '_');
}

}  // namespace

bool is_variable(std::string_view name, template_scope scope) {
  if (contains(common_names, name)) return true;
  if (scope == template_scope::batch) return contains(batch_names, name);
  return contains(object_names, name) ||
         (name.size() > metadata_prefix.size() && name.substr(0, metadata_prefix.size()) == metadata_prefix);
}

std::optional<text_template> text_template::parse(std::string_view text, template_scope scope, std::string& why) {
  text_template out;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) out.parts_.push_back({false, std::exchange(literal, {}), {}});
  };
  while (!text.empty()) {
    const char c = text.front();
    const bool doubled = text.size() > 1 && text[1] == c;
    if ((c == '{' || c == '}') && doubled) {
      literal += c;
      text.remove_prefix(2);
    } else if (c == '{') {
      const auto end = text.find('}');
      if (end == std::string_view::npos) {
        why = "a { is not closed; {{ stands for the brace itself";
        return std::nullopt;
      }
      const auto inside = text.substr(1, end - 1);
      const auto bar = inside.find('|');
      const auto name = inside.substr(0, bar);
      if (!is_variable(name, scope)) {
        why = "names a variable that does not exist here: " + std::string{cut(name, 64)};
        return std::nullopt;
      }
      end_literal();
      out.parts_.push_back(
          {true, std::string{name}, bar == std::string_view::npos ? "_" : std::string{inside.substr(bar + 1)}});
      text.remove_prefix(end + 1);
    } else if (c == '}') {
      why = "a } stands alone; }} stands for the brace itself";
      return std::nullopt;
    } else {
      if (is_control(c)) {
        why = "must not hold control characters";
        return std::nullopt;
      }
      literal += c;
      text.remove_prefix(1);
    }
  }
  end_literal();
  return out;
}

std::string text_template::render(const variables& from) const {
  std::string out;
  for (const auto& one : parts_) {
    if (!one.is_variable) {
      out += one.text;
      continue;
    }
    const auto value = from.value(one.text);
    for (const char c : value ? *value : one.instead) out += is_control(c) ? ' ' : c;
  }
  return out;
}

std::string text_template::path_of(const variables& from, bool stops_at_unknown) const {
  std::string out;
  std::size_t segment = 0;
  bool has_value = false;
  for (const auto& one : parts_) {
    if (one.is_variable) {
      const auto value = from.value(one.text);
      const bool known = value && !value->empty();
      if (!known && stops_at_unknown) return out;
      append_as_segment(out, known ? *value : one.instead);
      has_value = true;
      continue;
    }
    for (const char c : one.text) {
      if (c == '/') {
        settle_segment(out, segment, has_value);
        segment = out.size() + 1;
        has_value = false;
      }
      out += c;
    }
  }
  settle_segment(out, segment, has_value);
  return out;
}

std::string text_template::render_path(const variables& from) const { return path_of(from, false); }

std::string text_template::path_prefix(const variables& known) const { return path_of(known, true); }

bool text_template::names(std::string_view variable) const {
  return std::any_of(parts_.begin(), parts_.end(), [&](const part& one) { return one.is_variable && one.text == variable; });
}

bool text_template::has_own_segment(std::string_view segment) const {
  std::string all;
  // A variable is never a slash, and never makes a segment of dots.
  for (const auto& one : parts_) all += one.is_variable ? std::string{"x"} : one.text;
  std::string_view rest{all};
  for (;;) {
    const auto end = rest.find('/');
    if (rest.substr(0, end) == segment) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace waybill::storage
