// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/failure.hpp"

namespace waybill::cli {

enum class content_kind : int {
  verbatim_json = 1,  ///< goes into payload.data byte for byte
  quoted_text,        ///< goes there as one JSON string
};

/// What the options of `deliver` say of every delivery of one call.
struct delivery_options {
  std::vector<std::string> destinations;
  std::string payload_type = "data";
  std::string content_type;
  std::vector<std::string> metadata;  ///< name=value
  int priority = -1;                  ///< -1: the node's default
  std::string correlation_id;
  std::vector<std::string> tags;
  std::string scheduled_at;  ///< RFC 3339
  content_kind kind = content_kind::verbatim_json;
};

/// Builds bodies of POST /v1/deliveries. The JSON of a file is checked but never re-serialised: the node stores, signs and
/// delivers the bytes that stood in the file, so a number's spelling, the order of members and white space survive.
class delivery_body {
public:
  /// Checks what does not depend on a file; every later body is the same around the content.
  [[nodiscard]] static outcome<delivery_body> make(const delivery_options& options);

  /// `name` is what messages call the content; `filename` goes to the node, empty for none.
  [[nodiscard]] outcome<std::string> around(std::string content, const std::string& name, const std::string& filename) const;

  /// The same around content that was uploaded before.
  [[nodiscard]] outcome<std::string> around_payload(const std::string& payload_id, const std::string& name,
                                                    const std::string& filename) const;

private:
  [[nodiscard]] outcome<std::string> with_member(const std::string& member, const std::string& name,
                                                 const std::string& filename) const;

  content_kind kind_ = content_kind::verbatim_json;
  std::string before_;        ///< up to payload.type
  std::string payload_rest_;  ///< the other members of payload, each with its comma in front
  std::string options_;
};

/// An idempotency key that only the same content under the same name with the same options has: SHA-256 of both.
[[nodiscard]] std::string key_of_content(const std::string& name, const std::string& body);

}  // namespace waybill::cli
