// SPDX-License-Identifier: Apache-2.0
#include "core/store/row_packing.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

constexpr std::size_t id_size = 16;

template <class Id>
void append(std::string& to, const Id& id) {
  to.append(reinterpret_cast<const char*>(id.bytes().data()), id_size);
}

template <class Id>
Id id_at(std::string_view packed, std::size_t offset) {
  return Id::from_blob(packed.data() + offset, id_size).value_or(Id{});
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string pack_targets(const std::vector<task>& tasks) {
  std::string packed;
  packed.reserve(tasks.size() * 2 * id_size);
  for (const auto& one : tasks) {
    append(packed, one.id);
    append(packed, one.destination);
  }
  return packed;
}

std::vector<task_target> unpack_targets(std::string_view packed) {
  std::vector<task_target> targets;
  targets.reserve(packed.size() / (2 * id_size));
  for (std::size_t at = 0; at + 2 * id_size <= packed.size(); at += 2 * id_size)
    targets.emplace_back(id_at<task_id>(packed, at), id_at<destination_id>(packed, at + id_size));
  return targets;
}

std::string pack_ids(const std::vector<destination_id>& ids) {
  std::string packed;
  for (const auto& id : ids) append(packed, id);
  return packed;
}

std::vector<destination_id> unpack_ids(std::string_view packed) {
  std::vector<destination_id> ids;
  for (std::size_t at = 0; at + id_size <= packed.size(); at += id_size) ids.push_back(id_at<destination_id>(packed, at));
  return ids;
}

std::string texts_to_json(const std::vector<std::string>& texts) {
  return nlohmann::json(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> texts_from_json(std::string_view json) {
  std::vector<std::string> texts;
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) return texts;
  for (const auto& one : parsed)
    if (one.is_string()) texts.push_back(one.get<std::string>());
  return texts;
}

std::string contains_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

bool contains_text(std::string_view whole, std::string_view part) {
  const auto same = [](char a, char b) { return lower(a) == lower(b); };
  return std::search(whole.begin(), whole.end(), part.begin(), part.end(), same) != whole.end() || part.empty();
}

}  // namespace waybill::core
