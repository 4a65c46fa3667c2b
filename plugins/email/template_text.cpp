// SPDX-License-Identifier: Apache-2.0
#include "template_text.hpp"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>

#include <waybill/transfer/json_text.hpp>

namespace waybill::email {
namespace {

namespace mustache = kainjow::mustache;
using nlohmann::json;

// Deeper than any template needs; the library walks sections recursively.
constexpr std::size_t deepest_sections = 32;
// What one rendering may read and write, a template's own text counted once for each round of a section: some 100 ms.
constexpr std::size_t most_bytes = std::size_t{64} * 1'048'576;
constexpr std::size_t bytes_of_a_step = 64;

/// Leaves the library in the middle of a rendering, which it has no other way out of. Caught in render().
struct too_much : std::exception {};

[[nodiscard]] mustache::data to_data(const json& value) {
  if (value.is_object()) {
    mustache::data out{mustache::data::type::object};
    for (const auto& [name, member] : value.items()) out.set(name, to_data(member));
    return out;
  }
  if (value.is_array()) {
    mustache::list out;
    out.reserve(value.size());
    for (const auto& element : value) out.push_back(to_data(element));
    return mustache::data{std::move(out)};
  }
  if (value.is_string()) return mustache::data{value.get_ref<const std::string&>()};
  if (value.is_null()) return mustache::data{mustache::data::type::bool_false};
  if (value.is_boolean() && !value.get<bool>()) return mustache::data{mustache::data::type::bool_false};
  return mustache::data{value.dump()};
}

/// The library's own context, but it counts what it is asked for and has no partials. The library gathers a line without
/// bound before it gives it away, so the output cannot be counted instead.
class counting_context final : public mustache::basic_context<std::string> {
public:
  counting_context(const mustache::data& root, std::size_t round_bytes) : round_bytes_(round_bytes) { inner_.push(&root); }
  void push(const mustache::data* data) override {
    count(round_bytes_);
    inner_.push(data);
  }
  void pop() override { inner_.pop(); }
  const mustache::data* get(const std::string& name) const override {
    const auto* found = inner_.get(name);
    count(found != nullptr && found->is_string() ? found->string_value().size() : 0);
    return found;
  }
  // Would make a value of the data a template of its own.
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }

private:
  void count(std::size_t bytes) const {
    bytes_ += bytes + bytes_of_a_step;
    if (bytes_ > most_bytes) throw too_much{};
  }
  mustache::context<std::string> inner_;
  std::size_t round_bytes_;
  mutable std::size_t bytes_ = 0;
};

/// A stream for the library's render(): gathers text up to a limit.
struct bounded_text {
  std::string text;
  std::size_t limit;
  bounded_text& operator<<(const std::string& piece) {
    if (piece.size() > limit - text.size()) throw too_much{};
    text.append(piece);
    return *this;
  }
};

[[nodiscard]] std::string json_escaped(const std::string& text) {
  std::string out;
  transfer::append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

[[nodiscard]] std::string form_escaped(const std::string& text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else
      out.append({'%', digits[u >> 4], digits[u & 15]});
  }
  return out;
}

[[nodiscard]] mustache::mustache::escape_handler escape_of(escaping how) {
  switch (how) {
    case escaping::html:
      return mustache::html_escape<std::string>;
    case escaping::json:
      return json_escaped;
    case escaping::form:
      return form_escaped;
    case escaping::none:
      break;
  }
  return [](const std::string& text) { return text; };
}

/// How deep sections are nested, by their tags alone; the library parses and walks them recursively.
[[nodiscard]] std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    auto tag = text.substr(at + 2, 64);
    while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
    if (tag.empty()) continue;
    if (tag.front() == '#' || tag.front() == '^') deepest = std::max(deepest, ++depth);
    if (tag.front() == '/' && depth > 0) --depth;
  }
  return deepest;
}

}  // namespace

struct template_values::held {
  mustache::data root;
};

template_values::template_values(const json& object) : held_(std::make_unique<held>(held{to_data(object)})) {}
template_values::~template_values() = default;
template_values::template_values(template_values&&) noexcept = default;
template_values& template_values::operator=(template_values&&) noexcept = default;

struct template_text::parsed {
  mustache::mustache tree;
};

template_text::template_text() = default;
template_text::~template_text() = default;
template_text::template_text(template_text&&) noexcept = default;
template_text& template_text::operator=(template_text&&) noexcept = default;

template_text::template_text(const std::string& text, escaping how) : text_(text) {
  if (text.find("{{") == std::string::npos) return;
  // A tag that changes the delimiters would hide sections from depth_of.
  if (text.find("{{=") != std::string::npos)
    fault_ = "must not change the delimiters of tags";
  else if (depth_of(text) > deepest_sections)
    fault_ = "nests sections more than 32 deep";
  if (!fault_.empty()) return;
  try {
    parsed_ = std::make_unique<parsed>(parsed{mustache::mustache{text}});
    parsed_->tree.set_custom_escape(escape_of(how));
    if (!parsed_->tree.is_valid()) fault_ = parsed_->tree.error_message();
  } catch (const std::exception& e) {
    fault_ = e.what();
  }
  if (!fault_.empty()) parsed_.reset();
}

bool template_text::mentions(std::string_view name) const {
  for (auto at = text_.find("{{"); at != std::string::npos; at = text_.find("{{", at + 2)) {
    const auto tag = std::string_view{text_}.substr(at + 2, text_.find("}}", at) - at - 2);
    if (tag.find(name) != std::string_view::npos) return true;
  }
  return false;
}

std::optional<std::string> template_text::render(const template_values& values, std::size_t max_bytes) const {
  if (!parsed_) return text_.size() <= max_bytes ? std::optional<std::string>{text_} : std::nullopt;
  try {
    counting_context context{values.held_->root, text_.size()};
    bounded_text out{{}, max_bytes};
    parsed_->tree.render(context, out);
    return std::move(out.text);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace waybill::email
