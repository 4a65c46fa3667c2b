// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/transfer/record.hpp>

#include "client_environment.hpp"
#include "credential_source.hpp"
#include "s3_config.hpp"

namespace waybill::storage {

/// What all requests to one bucket share: where it is, who signs, which secrets to keep out of records. Asked for one signed
/// request at a time. Immutable but for its credentials; any thread.
class s3_session : public std::enable_shared_from_this<s3_session> {
public:
  s3_session(s3_settings settings, client_environment with);

  /// `result`: judged, with records. `got` lives until the callback returns.
  using answered = std::function<void(sdk::result result, const transfer::outcome& got)>;
  enum class answer_size : std::uint8_t { small = 1, large };
  struct request {
    std::string method;
    std::string key;    ///< empty: the bucket
    std::string query;  ///< encoded
    name_values headers;
    std::string body;   ///< if there is no content
    content_ptr bytes;  ///< else this stretch of it
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string payload_hash;  ///< of the stretch, hex
    const char* doing = "";    ///< for texts: "storing the object"
    answer_size expects = answer_size::small;
  };
  /// Signs and sends. If a role's credentials are refused, once more with new ones.
  void send(call_ptr by, request what, answered then);

  [[nodiscard]] const s3_settings& settings() const { return settings_; }
  [[nodiscard]] const client_environment& environment() const { return with_; }
  [[nodiscard]] std::string uri_of(const std::string& key) const { return "s3://" + settings_.bucket + "/" + key; }

private:
  void send_with(call_ptr by, std::shared_ptr<request> what, const transfer::aws_credentials& key, bool may_renew,
                 answered then);
  [[nodiscard]] std::string url_of(const request& what) const;
  [[nodiscard]] sdk::result judge(const transfer::outcome& got, const char* doing) const;

  const s3_settings settings_;
  const client_environment with_;
  std::string base_;  ///< URL up to the key, with a "/" at its end
  transfer::endpoint_ptr endpoint_;
  transfer::endpoint_ptr listing_endpoint_;
  transfer::redactor secrets_;
  transfer::sigv4_signer signer_;
  std::shared_ptr<credential_source> credentials_;
};

}  // namespace waybill::storage
