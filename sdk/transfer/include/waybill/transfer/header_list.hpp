// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

namespace waybill::transfer {

enum class secrecy : std::uint8_t { open = 1, secret };

/// Request headers in the form libcurl takes them, built with two allocations however many there are. Header injection is
/// impossible: a control character of a value becomes a space. Movable; not for two threads at once.
class header_list {
public:
  /// An empty value adds nothing. `secret` marks the value for redaction in records.
  void add(std::string_view name, std::string_view value, secrecy marked = secrecy::open);
  /// Takes out every header of this name.
  void remove(std::string_view name);
  /// Room for this much, so that adding does not allocate.
  void reserve(std::size_t headers, std::size_t bytes);
  void clear();

  /// The list for CURLOPT_HTTPHEADER, followed by `tail`. Valid until the next add, clear or move.
  [[nodiscard]] curl_slist* chain(curl_slist* tail = nullptr);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// visit(name, value, secrecy) in order.
  template <class Visitor>
  void each(Visitor visit) const {
    for (const auto& e : entries_)
      visit(std::string_view{text_.data() + e.begin, e.name}, std::string_view{text_.data() + e.begin + e.name + 2, e.value},
            e.marked);
  }

private:
  struct entry {
    std::uint32_t begin;  ///< of "Name: value\0" in text_
    std::uint32_t name;
    std::uint32_t value;
    secrecy marked;
  };
  std::string text_;
  std::vector<entry> entries_;
  std::vector<curl_slist> nodes_;
};

/// Does a header of this name carry a credential (Authorization, Cookie, X-Api-Key …)? Any case.
[[nodiscard]] bool is_credential_header(std::string_view name);
/// A token of RFC 9110 section 5.6.2.
[[nodiscard]] bool is_header_name(std::string_view name);
/// No control characters but tab: may stand as a field value.
[[nodiscard]] bool is_header_value(std::string_view value);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace waybill::transfer
