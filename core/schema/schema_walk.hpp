// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <regex>
#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

namespace waybill::core {

/// Beyond these a regular expression is not tried: std::regex recurses for every character it matches.
inline constexpr std::size_t longest_matched_text = 2'048;
inline constexpr std::size_t longest_matched_name = 256;

/// Goes through a configuration and its schema side by side. Every schema node that could govern a value is visited with it:
/// all branches of allOf, anyOf, oneOf, then and else, whichever holds, since a secret must stay one while a configuration is
/// still wrong. References within the document are followed. Immutable, thread-safe; the document outlives it.
class schema_walk {
public:
  using visitor = std::function<void(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer)>;

  /// `regexes`: every key of a patternProperties of the document, compiled.
  schema_walk(const nlohmann::json& document, const std::unordered_map<std::string, std::regex>& regexes)
      : document_(document), regexes_(regexes) {}

  void run(const nlohmann::json& value, const visitor& visit) const { step(document_, value, {}, visit, 0); }
  /// The node a reference such as "#/definitions/auth" leads to; nullptr if there is none.
  [[nodiscard]] const nlohmann::json* resolve(const std::string& reference) const;

private:
  void step(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer, const visitor& visit,
            unsigned depth) const;
  void into_same(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer, const visitor& visit,
                 unsigned depth) const;
  void into_members(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer, const visitor& visit,
                    unsigned depth) const;
  void into_items(const nlohmann::json& schema, const nlohmann::json& value, const std::string& pointer, const visitor& visit,
                  unsigned depth) const;
  [[nodiscard]] bool name_matches(const std::string& pattern, const std::string& name) const;

  const nlohmann::json& document_;
  const std::unordered_map<std::string, std::regex>& regexes_;
};

}  // namespace waybill::core
