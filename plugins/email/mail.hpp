// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <waybill/delivery.hpp>

#include "config.hpp"

namespace waybill::email {

struct attached_file {
  std::string filename;      ///< without path and control characters
  std::string content_type;  ///< type/subtype, without parameters
  std::uint64_t size = 0;
};

/// A mail, all but the bytes of its attachment: what every provider makes its own form of. No text of it that becomes a
/// header holds a control character.
struct mail {
  address from;
  address_list to, cc, bcc;  ///< nobody stands in them twice
  address_list reply_to;
  std::string subject;
  std::string text, html;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<attached_file> attachment;
  std::string message_id;  ///< without angle brackets; the same for every attempt
  std::string idempotency_key;
  std::int64_t date_ms = 0;  ///< Unix time of acceptance: the same for every attempt

  /// Every address it goes to.
  [[nodiscard]] std::vector<std::string> recipients() const;
};

/// A configuration's templates, parsed once, and how a delivery becomes a mail by them. Not for two threads at once.
class mail_maker {
public:
  explicit mail_maker(const config& settings);

  /// Does the content of this delivery go out as a link?
  [[nodiscard]] bool needs_link(const sdk::delivery& what) const;
  /// Must it be refused, since it is too large and links are not wanted?
  [[nodiscard]] bool too_large(const sdk::delivery& what) const;
  /// The mail; nothing if the delivery cannot become one, and then why, for the customer. `link`: in place of the content.
  [[nodiscard]] std::optional<mail> make(const sdk::delivery& what, const std::string& link, std::string& why) const;

private:
  struct field {
    const char* name;
    const std::vector<template_text>* templates;
    address_list* into;
  };
  [[nodiscard]] template_values values_of(const sdk::delivery& what, const std::string& link) const;
  [[nodiscard]] bool fill_addresses(const template_values& values, mail& into, std::string& why) const;
  [[nodiscard]] bool fill_texts(const template_values& values, mail& into, std::string& why) const;
  [[nodiscard]] bool fill_attachment(const sdk::delivery& what, const template_values& values, mail& into,
                                     std::string& why) const;
  void add_link(const sdk::delivery& what, const std::string& link, mail& into) const;
  [[nodiscard]] bool mentions(std::string_view name) const;

  const config& settings_;
  std::vector<template_text> to_, cc_, bcc_, reply_to_;
  template_text subject_, text_, html_, filename_, content_type_;
  std::vector<std::pair<std::string, template_text>> headers_;
  bool reads_data_;
  bool reads_link_;
};

/// A text as a header's value: control characters and runs of white space become one space, ends are cut off.
[[nodiscard]] std::string header_text(std::string_view text);

}  // namespace waybill::email
