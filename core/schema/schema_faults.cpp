// SPDX-License-Identifier: Apache-2.0
#include "core/schema/schema_faults.hpp"

#include <algorithm>
#include <string_view>

#include "core/model/nearest_name.hpp"
#include "core/model/object_reader.hpp"
#include "core/schema/schema_branches.hpp"

#include <fmt/format.h>

namespace waybill::core {
namespace {

struct known_description {
  std::string_view start;
  const char* rule;
};
// How valijson 1.0 words each keyword. What is not here gets the rule "schema" and a plain sentence.
constexpr known_description descriptions[] = {
    {"Value type not permitted", "type"},
    {"Failed to match against any enum", "enum"},
    {"Failed to match expected value set by 'const'", "const"},
    {"Failed to match regex", "pattern"},
    {"String should be a valid", "format"},
    {"Expected number less than or equal", "maximum"},
    {"Expected number less than", "exclusiveMaximum"},
    {"Expected number greater than or equal", "minimum"},
    {"Expected number greater than", "exclusiveMinimum"},
    {"Array should contain no more", "maxItems"},
    {"Array contains more items", "maxItems"},
    {"Array should contain no fewer", "minItems"},
    {"String should be no more", "maxLength"},
    {"String should be no fewer", "minLength"},
    {"Object should have no more", "maxProperties"},
    {"Object should have no fewer", "minProperties"},
    {"Value should be a multiple", "multipleOf"},
    {"Value could not be converted", "multipleOf"},
    {"Elements at indexes", "uniqueItems"},
    {"Target should not validate", "not"},
    {"Failed to any values against subschema", "contains"},
    {"Missing dependency", "dependencies"},
    {"Cannot validate item #", "additionalItems"},
    {"Failed to validate against any schemas allowed by anyOf", "anyOf"},
    {"Failed to validate against any child schemas allowed by oneOf", "oneOf"},
    {"Failed to validate against exactly one", "oneOf"},
};

std::string rule_of(const std::string& description) {
  for (const auto& known : descriptions)
    if (std::string_view{description}.substr(0, known.start.size()) == known.start) return known.rule;
  return "schema";
}

// valijson's path is "<root>", then "[member]" or "[index]".
std::string pointer_of(const raw_fault& raw) {
  std::string pointer;
  for (std::size_t i = 1; i < raw.path.size(); ++i) {
    std::string_view step = raw.path[i];
    if (step.size() >= 2 && step.front() == '[' && step.back() == ']') step = step.substr(1, step.size() - 2);
    pointer += pointer_step(step);
  }
  return pointer;
}

std::string quoted_part(const std::string& description) {
  const auto first = description.find('\'');
  const auto last = description.rfind('\'');
  return first == std::string::npos || last <= first ? std::string{} : description.substr(first + 1, last - first - 1);
}

std::string in_words(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(0, 200);
}

std::string listed(const nlohmann::json& values) {
  if (!values.is_array()) return in_words(values);
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + in_words(value);
  return text;
}

std::string type_in_words(const std::string& type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "object") return "an object";
  return type;
}

std::string types_in_words(const nlohmann::json& types) {
  if (types.is_string()) return type_in_words(types.get<std::string>());
  std::string text;
  for (const auto& type : types)
    if (type.is_string()) text += (text.empty() ? "" : " or ") + type_in_words(type.get<std::string>());
  return text;
}

std::string parent_name_of(const std::string& pointer) { return pointer.empty() ? "The configuration" : "The value"; }

}  // namespace

schema_faults::schema_faults(const schema_walk& walk, const nlohmann::json& config) : config_(config) {
  walk.run(config, [this](const nlohmann::json& schema, const nlohmann::json&, const std::string& pointer) {
    governing_[pointer].push_back(&schema);
  });
}

const nlohmann::json* schema_faults::keyword(const std::string& name, const std::string& pointer) const {
  const auto found = governing_.find(pointer);
  if (found == governing_.end()) return nullptr;
  for (const auto* schema : found->second)
    if (const auto member = schema->find(name); member != schema->end()) return &*member;
  return nullptr;
}

std::string schema_faults::sentence(const std::string& rule, const std::string& pointer) const {
  const auto* asked = keyword(rule, pointer);
  if (rule == "type" && asked) return fmt::format("Must be {}.", types_in_words(*asked));
  if (rule == "enum" && asked) return fmt::format("Must be one of {}.", listed(*asked));
  if (rule == "const" && asked) return fmt::format("Must be {}.", in_words(*asked));
  if (rule == "pattern" && asked) return fmt::format("Must match the regular expression {}.", in_words(*asked));
  if (rule == "format" && asked)
    return fmt::format("Must be a valid {}.", asked->is_string() ? asked->get<std::string>() : rule);
  if (rule == "maximum" && asked) return fmt::format("Must be at most {}.", in_words(*asked));
  if (rule == "minimum" && asked) return fmt::format("Must be at least {}.", in_words(*asked));
  if (rule == "exclusiveMaximum" && asked) return fmt::format("Must be less than {}.", in_words(*asked));
  if (rule == "exclusiveMinimum" && asked) return fmt::format("Must be greater than {}.", in_words(*asked));
  if (rule == "maxItems" && asked) return fmt::format("Must have at most {} entries.", in_words(*asked));
  if (rule == "minItems" && asked) return fmt::format("Must have at least {} entries.", in_words(*asked));
  if (rule == "maxLength" && asked) return fmt::format("Must have at most {} characters.", in_words(*asked));
  if (rule == "minLength" && asked)
    return *asked == 1 ? "Must not be empty." : fmt::format("Must have at least {} characters.", in_words(*asked));
  if (rule == "maxProperties" && asked) return fmt::format("Must have at most {} members.", in_words(*asked));
  if (rule == "minProperties" && asked) return fmt::format("Must have at least {} members.", in_words(*asked));
  if (rule == "multipleOf" && asked) return fmt::format("Must be a multiple of {}.", in_words(*asked));
  if (rule == "uniqueItems") return "Must not have two equal entries.";
  if (rule == "contains") return "Has no entry of the kind that is needed.";
  if (rule == "additionalItems") return "Has more entries than are allowed.";
  if (rule == "anyOf") return fmt::format("{} fits none of the forms that are allowed.", parent_name_of(pointer));
  if (rule == "oneOf") return fmt::format("{} must fit exactly one of the forms that are allowed.", parent_name_of(pointer));
  if (rule == "not") return fmt::format("{} has a form that is not allowed.", parent_name_of(pointer));
  return fmt::format("{} does not fit the schema.", parent_name_of(pointer));
}

void schema_faults::missing_member(const std::string& pointer, const raw_fault& raw, std::vector<field_fault>& out) const {
  const auto name = quoted_part(raw.description);
  out.push_back({pointer + pointer_step(name), "required", "This member is required."});
}

// valijson names one of them only.
void schema_faults::unknown_members(const std::string& pointer, const raw_fault& raw, std::vector<field_fault>& out) const {
  std::vector<std::string_view> known;
  bool has_patterns = false;
  if (const auto found = governing_.find(pointer); found != governing_.end()) {
    for (const auto* schema : found->second) {
      has_patterns = has_patterns || schema->contains("patternProperties");
      const auto properties = schema->find("properties");
      if (properties == schema->end() || !properties->is_object()) continue;
      for (const auto& member : properties->items()) known.push_back(member.key());
    }
  }
  const auto add = [&](const std::string& name) {
    out.push_back(
        {pointer + pointer_step(name), "additionalProperties", "There is no such member." + did_you_mean(name, known)});
  };
  const nlohmann::json::json_pointer place{pointer};
  if (has_patterns || !config_.contains(place)) return add(quoted_part(raw.description));
  for (const auto& member : config_.at(place).items())
    if (std::find(known.begin(), known.end(), member.key()) == known.end()) add(member.key());
}

void schema_faults::translate_one(const raw_fault& raw, std::vector<field_fault>& out) const {
  const auto pointer = pointer_of(raw);
  const std::string_view text = raw.description;
  if (text.substr(0, 25) == "Missing required property") return missing_member(pointer, raw, out);
  if (text.substr(0, 26) == "Object contains a property") return unknown_members(pointer, raw, out);
  const auto rule = rule_of(raw.description);
  if (rule == "dependencies") {
    const auto name = quoted_part(raw.description);
    out.push_back({pointer + pointer_step(name), rule, "This member is required beside the others that are set."});
  } else {
    out.push_back({pointer, rule, sentence(rule, pointer)});
  }
}

std::vector<field_fault> schema_faults::translate(std::vector<raw_fault> raw) const {
  std::vector<field_fault> all;
  for (const auto& fault : choose_branches(std::move(raw))) translate_one(fault, all);
  std::vector<field_fault> out;
  for (auto& fault : all) {
    const bool repeated = std::any_of(out.begin(), out.end(), [&](const field_fault& other) {
      return other.pointer == fault.pointer && other.rule == fault.rule;
    });
    if (!repeated && out.size() < 100) out.push_back(std::move(fault));
  }
  return out;
}

}  // namespace waybill::core
