// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <waybill/transfer/record.hpp>
#include <waybill/transfer/token_source.hpp>

#include "client_environment.hpp"
#include "gcs_config.hpp"

namespace waybill::storage {

/// What all requests to one bucket share: where it is, who signs, which secrets to keep out of records. Asked for one
/// authorized request at a time. Immutable but for its token; any thread.
class gcs_session : public std::enable_shared_from_this<gcs_session> {
public:
  gcs_session(gcs_settings settings, client_environment with);

  /// `result`: judged, with records; the answer 308 of an upload ("go on") counts as delivered. `got` lives until the callback
  /// returns.
  using answered = std::function<void(sdk::result result, const transfer::outcome& got)>;
  enum class answer_size : std::uint8_t { small = 1, large };
  /// The URL of an upload carries its own right and stays a secret; it gets no token.
  enum class authority : std::uint8_t { token = 1, of_the_url };
  struct request {
    std::string method;
    std::string url;
    name_values headers;
    std::string body;   ///< if there is no content
    content_ptr bytes;  ///< else this stretch of it
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    const char* doing = "";  ///< for texts: "storing the object"
    answer_size expects = answer_size::small;
    authority by = authority::token;
  };
  /// Authorizes and sends. A token that is refused is fetched anew, once.
  void send(call_ptr by, request what, answered then);

  [[nodiscard]] const client_environment& environment() const { return with_; }
  /// URLs of the JSON API. Further parameters are appended with "&".
  [[nodiscard]] std::string bucket_url() const { return base_ + "/storage/v1/b/" + settings_.bucket + "/o?prettyPrint=false"; }
  [[nodiscard]] std::string object_url(const std::string& key) const;
  [[nodiscard]] std::string upload_url(std::string_view kind) const;
  /// The resource of a new object: everything about it but its bytes.
  [[nodiscard]] std::string resource(const new_object& what, const std::string& md5) const;
  [[nodiscard]] std::string uri_of(const std::string& key) const { return "gs://" + settings_.bucket + "/" + key; }
  [[nodiscard]] bool is_secure() const { return base_.rfind("https:", 0) == 0; }

private:
  using request_ptr = std::shared_ptr<const request>;
  void send_with_token(call_ptr by, request_ptr what, const std::string& refused, answered then);
  void send_with(call_ptr by, request_ptr what, const std::string& token, bool may_renew, answered then);
  [[nodiscard]] sdk::result judge(const transfer::outcome& got, const char* doing) const;
  [[nodiscard]] transfer::redactor secrets_of(const transfer::exchange& sent, const transfer::outcome& got) const;

  const gcs_settings settings_;
  const client_environment with_;
  std::string base_;  ///< URL, without a "/" at its end
  transfer::endpoint_ptr endpoint_;
  transfer::endpoint_ptr listing_endpoint_;
  transfer::redactor secrets_;
  std::shared_ptr<transfer::token_source> tokens_;
};

}  // namespace waybill::storage
