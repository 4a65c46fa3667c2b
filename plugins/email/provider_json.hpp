// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "content_sources.hpp"
#include "mail.hpp"

namespace waybill::email {

// What the JSON of several providers has in common.

/// Compact text; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_text(const nlohmann::json& value);
/// `Name <a@example.com>`, the name quoted where it must be.
[[nodiscard]] std::string to_text(const address& one);
[[nodiscard]] std::string to_text(const address_list& list);
[[nodiscard]] std::vector<std::string> to_texts(const address_list& list);

/// `outer` with `list`: [{…file, `member`: base64 of content}] in front of its members, without the content ever being in
/// memory as a whole. Without an attachment it is `outer` alone.
struct attachment_form {
  const char* list;
  nlohmann::json file;
  const char* member;
};
[[nodiscard]] source_ptr with_attachment(const nlohmann::json& outer, const attachment_form& form, source_ptr content);
/// The same, but the list goes into the object `inner`, which becomes the member `name` of `outer`.
[[nodiscard]] source_ptr with_inner_attachment(const nlohmann::json& outer, const char* name, const nlohmann::json& inner,
                                               const attachment_form& form, source_ptr content);

/// The text at a JSON Pointer of an answer, a number as its digits; empty if there is none. Any bytes.
[[nodiscard]] std::string text_at(std::string_view answer, const std::string& pointer);
/// The first of these pointers that leads to a text.
[[nodiscard]] std::string first_text_at(std::string_view answer, std::initializer_list<const char*> pointers);

/// A base URL and a path, with one slash between.
[[nodiscard]] std::string joined_url(std::string base, std::string_view path);

}  // namespace waybill::email
