// SPDX-License-Identifier: Apache-2.0
#include "core/schema/config_schema.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "core/model/object_reader.hpp"
#include "core/schema/schema_faults.hpp"
#include "core/schema/schema_validator.hpp"
#include "core/schema/schema_walk.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace waybill::core {
namespace {

using nlohmann::json;
using json_pointer = json::json_pointer;
using regex_map = std::unordered_map<std::string, std::regex>;

auto unusable(const std::string& why) {
  return fail(error_code::validation_error, "The configuration schema cannot be used. " + why);
}

// Only the shape of the keywords that this folder reads itself; valijson checks its own.
std::optional<std::string> check_node(const json& node, const schema_walk& walk, regex_map& regexes) {
  if (const auto mark = node.find("x-secret"); mark != node.end() && !mark->is_boolean())
    return "x-secret must be true or false.";
  if (const auto reference = node.find("$ref"); reference != node.end() && reference->is_string()) {
    const auto& target = reference->get_ref<const std::string&>();
    if (!walk.resolve(target)) return "The reference " + target + " leads nowhere.";
  }
  try {
    if (const auto pattern = node.find("pattern"); pattern != node.end() && pattern->is_string())
      std::regex{pattern->get_ref<const std::string&>()};
    if (const auto patterns = node.find("patternProperties"); patterns != node.end() && patterns->is_object())
      for (const auto& member : patterns->items()) regexes.try_emplace(member.key(), member.key());
  } catch (const std::regex_error& e) {
    return std::string{"A regular expression in it is wrong: "} + e.what();
  }
  return std::nullopt;
}

std::optional<std::string> check_tree(const json& node, const schema_walk& walk, regex_map& regexes) {
  if (node.is_object())
    if (auto problem = check_node(node, walk, regexes)) return problem;
  if (!node.is_structured()) return std::nullopt;
  for (const auto& child : node)
    if (auto problem = check_tree(child, walk, regexes)) return problem;
  return std::nullopt;
}

std::optional<std::string> check_document(const json& document) {
  if (!document.is_object()) return "It must be an object.";
  if (document.value("type", json{}) != "object") return "Its type must be \"object\".";
  const auto dialect = document.find("$schema");
  if (dialect == document.end()) return std::nullopt;
  const bool is_draft7 = dialect->is_string() &&
                         dialect->get_ref<const std::string&>().find("json-schema.org/draft-07/schema") != std::string::npos;
  if (!is_draft7) return "Its $schema must be http://json-schema.org/draft-07/schema#.";
  return std::nullopt;
}

void fill_defaults(const json& schema, json& value, const schema_walk& walk, unsigned depth) {
  if (!schema.is_object() || !value.is_object() || depth > 64) return;
  if (const auto reference = schema.find("$ref"); reference != schema.end() && reference->is_string()) {
    const auto* target = walk.resolve(reference->get_ref<const std::string&>());
    if (target) fill_defaults(*target, value, walk, depth + 1);
    return;
  }
  if (const auto all = schema.find("allOf"); all != schema.end() && all->is_array())
    for (const auto& branch : *all) fill_defaults(branch, value, walk, depth + 1);
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object()) return;
  for (const auto& [name, part] : properties->items()) {
    if (!part.is_object()) continue;
    if (!value.contains(name) && part.contains("default")) value[name] = part["default"];
    if (value.contains(name)) fill_defaults(part, value[name], walk, depth + 1);
  }
}

bool is_mark(const json& value) { return value.is_string() && value.get_ref<const std::string&>() == redacted_mark; }

// One byte in front of the clear text says whether it was text or another JSON value.
std::string to_clear(const json& value) {
  return value.is_string() ? "s" + value.get_ref<const std::string&>()
                           : "j" + value.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<json> from_clear(std::string clear) {
  const auto damaged = [] { return fail(error_code::internal_error, "A sealed value of a configuration is damaged."); };
  if (clear.empty()) return damaged();
  auto value = clear.front() == 's' ? json(clear.substr(1)) : json::parse(clear.begin() + 1, clear.end(), nullptr, false);
  OPENSSL_cleanse(clear.data(), clear.size());
  if (value.is_discarded()) return damaged();
  return value;
}

}  // namespace

struct config_schema::compiled {
  json document;
  regex_map regexes;
  std::optional<schema_validator> validator;

  [[nodiscard]] schema_walk walk() const { return {document, regexes}; }

  /// Pointers of the secret values that are there, none below another, null left out: there is nothing to hide.
  [[nodiscard]] std::set<std::string> secrets(const json& config) const {
    std::set<std::string> marked;
    walk().run(config, [&](const json& schema, const json& value, const std::string& pointer) {
      const auto mark = schema.find("x-secret");
      if (mark != schema.end() && *mark == true && !value.is_null()) marked.insert(pointer);
    });
    std::set<std::string> outermost;
    for (const auto& pointer : marked)
      if (!has_ancestor(marked, pointer)) outermost.insert(pointer);
    return outermost;
  }

  static bool has_ancestor(const std::set<std::string>& pointers, const std::string& pointer) {
    for (auto slash = pointer.rfind('/'); slash != std::string::npos && slash > 0; slash = pointer.rfind('/', slash - 1))
      if (pointers.count(pointer.substr(0, slash)) > 0) return true;
    return false;
  }

  [[nodiscard]] json redacted(json config) const {
    for (const auto& pointer : secrets(config)) config[json_pointer{pointer}] = redacted_mark;
    return config;
  }

  /// What must not reach std::regex, and what redaction left behind.
  [[nodiscard]] std::vector<field_fault> check_first(const json& config) const {
    std::vector<field_fault> faults;
    const auto too_long = [&](const std::string& pointer, std::size_t most) {
      faults.push_back({pointer, "maxLength", fmt::format("Must have at most {} characters.", most)});
    };
    walk().run(config, [&](const json& schema, const json& value, const std::string& pointer) {
      const bool matched = schema.contains("pattern") || schema.contains("format");
      if (matched && value.is_string() && value.get_ref<const std::string&>().size() > longest_matched_text)
        too_long(pointer, longest_matched_text);
      if (!value.is_object()) return;
      for (const auto& member : value.items())
        if (member.key().size() > longest_matched_name) too_long(pointer, longest_matched_name);
    });
    for (const auto& pointer : secrets(config))
      if (is_mark(config[json_pointer{pointer}]))
        faults.push_back({pointer, "redacted", "Give the value itself: there is none stored that could be kept."});
    return faults;
  }

  /// `redacted_stored` is `stored` as a client was shown it; the three go down side by side.
  static json keep(json incoming, const json& stored, const json& redacted_stored, const std::string& pointer,
                   const std::set<std::string>& secret) {
    if (secret.count(pointer) > 0) return is_mark(incoming) ? stored : incoming;
    if (incoming.is_object() && stored.is_object()) {
      for (auto& [name, member] : incoming.items())
        if (stored.contains(name))
          member = keep(std::move(member), stored[name], redacted_stored[name], pointer + pointer_step(name), secret);
    } else if (incoming.is_array() && stored.is_array()) {
      for (std::size_t i = 0; i < incoming.size(); ++i) {
        const auto from = counterpart(incoming, i, redacted_stored);
        if (!from) continue;
        incoming[i] =
            keep(std::move(incoming[i]), stored[*from], redacted_stored[*from], pointer + "/" + std::to_string(i), secret);
      }
    }
    return incoming;
  }

  // Entries may have moved: first the one that looks the same, then, if none came or went, the one in the same place.
  static std::optional<std::size_t> counterpart(const json& incoming, std::size_t i, const json& redacted_stored) {
    if (i < redacted_stored.size() && redacted_stored[i] == incoming[i]) return i;
    for (std::size_t j = 0; j < redacted_stored.size(); ++j)
      if (redacted_stored[j] == incoming[i]) return j;
    if (incoming.size() == redacted_stored.size()) return i;
    return std::nullopt;
  }
};

config_schema::config_schema(std::unique_ptr<compiled> c) : compiled_(std::move(c)) {}
config_schema::config_schema(config_schema&&) noexcept = default;
config_schema& config_schema::operator=(config_schema&&) noexcept = default;
config_schema::~config_schema() = default;

result<config_schema> config_schema::compile(json document) {
  if (auto problem = check_document(document)) return unusable(*problem);
  auto made = std::make_unique<compiled>();
  made->document = std::move(document);
  if (auto problem = check_tree(made->document, made->walk(), made->regexes)) return unusable(*problem);
  auto validator = schema_validator::compile(made->document);
  if (!validator) return unusable(validator.error().message);
  made->validator = std::move(*validator);
  return config_schema{std::move(made)};
}

std::vector<field_fault> config_schema::validate(const json& config) const {
  if (auto faults = compiled_->check_first(config); !faults.empty()) return faults;
  auto raw = compiled_->validator->validate(config);
  if (raw.empty()) return {};
  return schema_faults{compiled_->walk(), config}.translate(std::move(raw));
}

json config_schema::with_defaults(json config) const {
  fill_defaults(compiled_->document, config, compiled_->walk(), 0);
  return config;
}

json config_schema::seal(json config, const secret_box& box, std::string_view context) const {
  for (const auto& pointer : compiled_->secrets(config)) {
    auto& value = config[json_pointer{pointer}];
    auto clear = to_clear(value);
    value = box.seal(clear, context);
    OPENSSL_cleanse(clear.data(), clear.size());
  }
  return config;
}

result<json> config_schema::unseal(json config, const secret_box& box, std::string_view context) const {
  for (const auto& pointer : compiled_->secrets(config)) {
    auto& value = config[json_pointer{pointer}];
    // Stored in clear: it was no secret yet in the version of the schema it was stored with.
    if (!value.is_string() || !secret_box::is_sealed(value.get_ref<const std::string&>())) continue;
    auto clear = box.open(value.get_ref<const std::string&>(), context);
    if (!clear) return fail(std::move(clear.error()));
    auto opened = from_clear(std::move(*clear));
    if (!opened) return fail(std::move(opened.error()));
    value = std::move(*opened);
  }
  return config;
}

json config_schema::redact(json config) const { return compiled_->redacted(std::move(config)); }

json config_schema::keep_redacted(json incoming, const json& stored) const {
  const auto secret = compiled_->secrets(incoming);
  return compiled::keep(std::move(incoming), stored, compiled_->redacted(stored), {}, secret);
}

const json& config_schema::document() const { return compiled_->document; }

}  // namespace waybill::core
