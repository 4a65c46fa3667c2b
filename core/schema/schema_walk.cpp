// SPDX-License-Identifier: Apache-2.0
#include "core/schema/schema_walk.hpp"

#include <exception>

#include "core/model/object_reader.hpp"

namespace waybill::core {
namespace {

// A schema may refer to itself without going down in the value; no honest one is this deep.
constexpr unsigned deepest = 96;

const nlohmann::json* child(const nlohmann::json& schema, const char* keyword) {
  const auto found = schema.find(keyword);
  return found == schema.end() ? nullptr : &*found;
}

}  // namespace

const nlohmann::json* schema_walk::resolve(const std::string& reference) const {
  if (reference.empty() || reference.front() != '#') return nullptr;
  try {
    const nlohmann::json::json_pointer pointer{reference.substr(1)};
    return document_.contains(pointer) ? &document_.at(pointer) : nullptr;
  } catch (const nlohmann::json::exception&) {
    return nullptr;
  }
}

void schema_walk::step(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer,
                       const visitor& visit, unsigned depth) const {
  if (!schema.is_object() || depth > deepest) return;
  // Draft 7: beside $ref every other member is ignored.
  if (const auto* reference = child(schema, "$ref"); reference && reference->is_string()) {
    if (const auto* target = resolve(reference->get_ref<const std::string&>())) step(*target, value, pointer, visit, depth + 1);
    return;
  }
  visit(schema, value, pointer);
  into_same(schema, value, pointer, visit, depth + 1);
  if (value.is_object()) into_members(schema, value, pointer, visit, depth + 1);
  if (value.is_array()) into_items(schema, value, pointer, visit, depth + 1);
}

void schema_walk::into_same(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer,
                            const visitor& visit, unsigned depth) const {
  for (const auto* keyword : {"allOf", "anyOf", "oneOf"}) {
    const auto* branches = child(schema, keyword);
    if (!branches || !branches->is_array()) continue;
    for (const auto& branch : *branches) step(branch, value, pointer, visit, depth);
  }
  for (const auto* keyword : {"if", "then", "else", "not"})
    if (const auto* branch = child(schema, keyword)) step(*branch, value, pointer, visit, depth);
  const auto* dependencies = child(schema, "dependencies");
  if (!dependencies || !dependencies->is_object() || !value.is_object()) return;
  for (const auto& [name, branch] : dependencies->items())
    if (value.contains(name)) step(branch, value, pointer, visit, depth);
}

void schema_walk::into_members(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer,
                               const visitor& visit, unsigned depth) const {
  const auto* properties = child(schema, "properties");
  const auto* patterns = child(schema, "patternProperties");
  const auto* others = child(schema, "additionalProperties");
  for (const auto& [name, member] : value.items()) {
    const auto below = pointer + pointer_step(name);
    bool matched = false;
    if (properties && properties->contains(name)) {
      matched = true;
      step((*properties)[name], member, below, visit, depth);
    }
    if (patterns && patterns->is_object()) {
      for (const auto& [pattern, branch] : patterns->items()) {
        if (!name_matches(pattern, name)) continue;
        matched = true;
        step(branch, member, below, visit, depth);
      }
    }
    if (!matched && others) step(*others, member, below, visit, depth);
  }
}

void schema_walk::into_items(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer,
                             const visitor& visit, unsigned depth) const {
  const auto* items = child(schema, "items");
  const auto* others = child(schema, "additionalItems");
  const auto* contained = child(schema, "contains");
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto below = pointer + "/" + std::to_string(i);
    if (contained) step(*contained, value[i], below, visit, depth);
    if (items && !items->is_array()) {
      step(*items, value[i], below, visit, depth);
    } else if (items && i < items->size()) {
      step((*items)[i], value[i], below, visit, depth);
    } else if (items && others) {
      step(*others, value[i], below, visit, depth);
    }
  }
}

// A name too long to be tried counts as matching: validation refuses it, and until then a secret is rather hidden than shown.
bool schema_walk::name_matches(const std::string& pattern, const std::string& name) const {
  const auto found = regexes_.find(pattern);
  if (found == regexes_.end() || name.size() > longest_matched_name) return true;
  try {
    return std::regex_search(name, found->second);
  } catch (const std::regex_error&) {
    return true;
  }
}

}  // namespace waybill::core
