// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <waybill/transfer/record.hpp>
#include <waybill/transfer/token_source.hpp>

#include "azure_config.hpp"
#include "client_environment.hpp"

namespace waybill::storage {

/// The name of a metadata field as Azure takes it: a C# identifier.
[[nodiscard]] std::string azure_metadata_name(std::string_view name);

/// What all requests to one container share: where it is, who signs, which secrets to keep out of records. Asked for one
/// authorized request at a time. Immutable but for its token; any thread.
class azure_session : public std::enable_shared_from_this<azure_session> {
public:
  azure_session(azure_settings settings, client_environment with);

  /// `result`: judged, with records. `got` lives until the callback returns.
  using answered = std::function<void(sdk::result result, const transfer::outcome& got)>;
  enum class answer_size : std::uint8_t { small = 1, large };
  struct request {
    std::string method;
    std::string key;    ///< empty: the container
    name_values query;  ///< not encoded, names in lower case
    name_values headers;
    std::string body;   ///< if there is no content
    content_ptr bytes;  ///< else this stretch of it
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    const char* doing = "";  ///< for texts: "storing the object"
    answer_size expects = answer_size::small;
  };
  /// Authorizes and sends. A token that is refused is fetched anew, once.
  void send(call_ptr by, request what, answered then);

  [[nodiscard]] const azure_settings& settings() const { return settings_; }
  [[nodiscard]] const client_environment& environment() const { return with_; }
  /// The URL of an object, without what may authorize.
  [[nodiscard]] std::string url_of(const std::string& key) const;

private:
  using request_ptr = std::shared_ptr<const request>;
  void make_tokens(const transfer::endpoint_options& way);
  void learn_secrets();
  void send_with_token(call_ptr by, request_ptr what, const std::string& refused, answered then);
  void send_with(call_ptr by, request_ptr what, const std::string& token, bool may_renew, answered then);
  void authorize(transfer::exchange& ready, const request& what, const std::string& token) const;
  [[nodiscard]] std::string url_of(const request& what) const;
  [[nodiscard]] sdk::result judge(const transfer::outcome& got, const char* doing) const;

  const azure_settings settings_;
  const client_environment with_;
  std::string base_;  ///< URL up to the container, without a "/" at its end
  transfer::endpoint_ptr endpoint_;
  transfer::endpoint_ptr listing_endpoint_;
  transfer::redactor secrets_;
  std::shared_ptr<transfer::token_source> tokens_;  ///< of a service principal or managed identity
};

}  // namespace waybill::storage
