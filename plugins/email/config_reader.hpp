// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <waybill/handler.hpp>

namespace waybill::email {

/// An object of the configuration and where it stands; reads members and reports what has a wrong type.
class config_reader {
public:
  using json = nlohmann::json;

  config_reader(const json& object, std::string pointer, sdk::fault_sink& faults)
      : object_(object), pointer_(std::move(pointer)), faults_(faults) {}

  [[nodiscard]] const std::string& pointer() const { return pointer_; }
  [[nodiscard]] std::string at(std::string_view name) const { return pointer_ + "/" + std::string{name}; }
  [[nodiscard]] const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }
  void text(const char* name, std::string& into) const {
    if (const auto* value = find(name)) {
      if (value->is_string())
        into = value->get_ref<const std::string&>();
      else
        wrong(name, "must be a text");
    }
  }
  void required_text(const char* name, std::string& into) const {
    text(name, into);
    if (into.empty()) faults_(at(name), "required", "is required");
  }
  void texts(const char* name, std::vector<std::string>& into) const {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (!value->is_array()) return wrong(name, "must be a list");
    for (std::size_t i = 0; i < value->size(); ++i) {
      if ((*value)[i].is_string())
        into.push_back((*value)[i].get<std::string>());
      else
        faults_(at(name) + "/" + std::to_string(i), "type", "must be a text");
    }
  }
  void boolean(const char* name, bool& into) const {
    if (const auto* value = find(name)) {
      if (value->is_boolean())
        into = value->get<bool>();
      else
        wrong(name, "must be true or false");
    }
  }
  [[nodiscard]] std::int64_t number(const char* name, std::int64_t otherwise, std::int64_t least, std::int64_t most) const {
    const auto* value = find(name);
    if (value == nullptr) return otherwise;
    if (!value->is_number_integer()) {
      wrong(name, "must be an integer");
      return otherwise;
    }
    const auto number = value->get<std::int64_t>();
    if (number < least || number > most)
      faults_(at(name), "range", "must be from " + std::to_string(least) + " to " + std::to_string(most));
    return number;
  }
  template <class Choice, std::size_t Count>
  void choice(const char* name, const std::array<std::pair<std::string_view, Choice>, Count>& choices, Choice& into) const {
    std::string chosen;
    text(name, chosen);
    if (chosen.empty()) return;
    for (const auto& [word, value] : choices)
      if (word == chosen) {
        into = value;
        return;
      }
    faults_(at(name), "enum", "is not one of the known values");
  }
  [[nodiscard]] std::optional<config_reader> object(const char* name) const {
    const auto* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_object()) return config_reader{*value, at(name), faults_};
    wrong(name, "must be an object");
    return std::nullopt;
  }
  [[nodiscard]] const json& raw() const { return object_; }
  [[nodiscard]] sdk::fault_sink& faults() const { return faults_; }
  void wrong(const char* name, std::string_view message) const { faults_(at(name), "type", message); }

private:
  const json& object_;
  std::string pointer_;
  sdk::fault_sink& faults_;
};

}  // namespace waybill::email
