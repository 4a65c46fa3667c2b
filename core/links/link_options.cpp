// SPDX-License-Identifier: Apache-2.0
#include "core/links/link_options.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/security/network_guard.hpp"

#include <arpa/inet.h>
#include <nlohmann/json.hpp>

namespace waybill::core {
namespace {

using nlohmann::json;

constexpr std::size_t most_ranges = 100;
constexpr std::size_t least_password = 8, most_password = 128;
constexpr std::uint64_t most_accesses = 1'000'000'000;
constexpr std::size_t most_url = 1'024;

/// Reads members one by one and keeps what is wrong with them.
class options_reader {
public:
  options_reader(const json& from, std::uint32_t most_hours) : from_(from), most_hours_(most_hours) {}

  result<link_options> read() {
    for (const auto& [name, value] : from_.items()) take(name, value);
    if (out_.kind == link_password::shared && out_.password.empty())
      fault("password", "required", "passwordMode shared needs a password");
    if (out_.kind != link_password::shared && !out_.password.empty())
      fault("password", "unused", "a password is only used with passwordMode shared");
    if (faults_.empty()) return std::move(out_);
    return fail(error{error_code::validation_error, "the options of the link are not valid", std::move(faults_), std::nullopt});
  }

private:
  void take(const std::string& name, const json& value) {
    if (name == "expiryHours") return take_expiry(value);
    if (name == "maxAccess") return take_max_access(value);
    if (name == "allowedIpRanges") return take_ranges(value);
    if (name == "passwordMode") return take_mode(value);
    if (name == "password") return take_password(value);
    if (name == "baseUrl") return take_base_url(value);
    fault(name, "unknown", "no option of a link");
  }

  void take_expiry(const json& value) {
    const double hours = value.is_number() ? value.get<double>() : 0;
    if (!(hours > 0 && hours <= most_hours_))
      return fault("expiryHours", "range",
                   "more than 0 and at most " + std::to_string(most_hours_) + " (downloads.maxExpiryHours)");
    out_.lives = std::max(milliseconds{static_cast<std::int64_t>(std::llround(hours * 3'600'000))}, milliseconds{1});
  }

  void take_max_access(const json& value) {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
        static_cast<std::uint64_t>(value.get<std::int64_t>()) > most_accesses)
      return fault("maxAccess", "range", "a whole number from 0 (no limit) to 1000000000");
    out_.max_access = static_cast<std::uint64_t>(value.get<std::int64_t>());
  }

  void take_ranges(const json& value) {
    if (!value.is_array() || value.size() > most_ranges)
      return fault("allowedIpRanges", "type", "a list of at most 100 ranges such as 10.20.0.0/16");
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto range = value[i].is_string() ? ip_range::parse(value[i].get_ref<const std::string&>())
                                              : result<ip_range>{fail(error_code::validation_error, "must be a text")};
      if (!range) fault("allowedIpRanges/" + std::to_string(i), "range", range.error().message);
      if (range) out_.allowed_ranges.push_back(value[i].get<std::string>());
    }
  }

  void take_mode(const json& value) {
    const auto kind = value.is_string() ? link_password_from(value.get_ref<const std::string&>()) : std::nullopt;
    if (!kind) return fault("passwordMode", "enum", "none, shared or oneTime");
    out_.kind = *kind;
  }

  void take_password(const json& value) {
    if (!value.is_string()) return fault("password", "type", "must be a text");
    out_.password = value.get<std::string>();
    // A colon or a control character is not told reliably by RFC 7617 clients.
    const auto odd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (out_.password.size() < least_password || out_.password.size() > most_password ||
        std::any_of(out_.password.begin(), out_.password.end(), odd))
      fault("password", "length", "8 to 128 bytes, no control characters");
  }

  void take_base_url(const json& value) {
    const auto text = value.is_string() ? value.get<std::string>() : std::string{};
    const bool http = text.rfind("http://", 0) == 0 || text.rfind("https://", 0) == 0;
    const auto odd = [](char c) { return c <= ' ' || static_cast<unsigned char>(c) >= 0x7F || c == '"' || c == '\\'; };
    const auto host = http ? text.substr(text.find("//") + 2) : std::string{};
    if (host.empty() || host.front() == '/' || text.size() > most_url || std::any_of(text.begin(), text.end(), odd) ||
        text.find_first_of("?#@") != std::string::npos)
      return fault("baseUrl", "format", "http://… or https://… without user name, query or fragment");
    out_.base_url = text;
  }

  void fault(const std::string& member, std::string rule, std::string message) {
    faults_.push_back({"/" + member, std::move(rule), std::move(message)});
  }

  const json& from_;
  std::uint32_t most_hours_;
  link_options out_;
  std::vector<field_fault> faults_;
};

}  // namespace

result<link_options> read_link_options(std::string_view text, std::uint32_t most_hours) {
  if (text.empty()) text = "{}";
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return fail(error_code::validation_error, "the options of a link must be a JSON object");
  auto options = options_reader{parsed, most_hours}.read();
  if (options && parsed.find("expiryHours") == parsed.end())
    options->lives = std::min<milliseconds>(options->lives, std::chrono::hours{most_hours});
  return options;
}

bool is_in_ranges(const std::vector<std::string>& ranges, std::string_view address) {
  if (ranges.empty()) return true;
  const std::string text{address};
  std::uint8_t bytes[16];
  const bool v4 = ::inet_pton(AF_INET, text.c_str(), bytes) == 1;
  if (!v4 && ::inet_pton(AF_INET6, text.c_str(), bytes) != 1) return false;
  return std::any_of(ranges.begin(), ranges.end(), [&](const std::string& one) {
    const auto range = ip_range::parse(one);
    return range && range->contains(bytes, v4 ? 4 : 16);
  });
}

}  // namespace waybill::core
