// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/handler.hpp>
#include <waybill/transfer/endpoint.hpp>
#include <waybill/transfer/oauth2.hpp>

#include "address.hpp"
#include "template_text.hpp"

namespace waybill::email {

enum class provider_kind : std::uint8_t { smtp = 1, sendgrid, resend, ses, mailgun, postmark, sparkpost, graph, custom };
enum class smtp_security : std::uint8_t { starttls = 1, tls, none };
enum class smtp_auth_kind : std::uint8_t { none = 1, password, oauth2 };
enum class smtp_mechanism : std::uint8_t { automatic = 1, plain, login, cram_md5, xoauth2, oauthbearer };
/// What becomes of a mail that the server took for some recipients and refused for good for others.
enum class partial_refusal : std::uint8_t { deliver = 1, fail };

struct smtp_auth_settings {
  smtp_auth_kind kind = smtp_auth_kind::none;
  smtp_mechanism mechanism = smtp_mechanism::automatic;
  std::string username;
  std::string password;
  transfer::oauth2_settings oauth2;
};

struct smtp_settings {
  std::string host;
  std::uint16_t port = 0;
  smtp_security security = smtp_security::starttls;
  smtp_auth_settings auth;
  std::string ehlo_name;
  std::string envelope_from;  ///< where bounces go; empty: the sender
  partial_refusal partial = partial_refusal::deliver;
  std::int64_t messages_per_connection = 100;
  std::chrono::seconds greylist_delay{300};  ///< asked for after 450 and 451; 0: the retry policy alone decides
};

enum class custom_auth_kind : std::uint8_t { none = 1, api_key, bearer, basic, oauth2 };
enum class custom_encoding : std::uint8_t { json = 1, form };

/// An HTTP API told by templates.
struct custom_settings {
  std::string method = "POST";
  custom_encoding encoding = custom_encoding::json;
  std::string body;               ///< a template
  std::string reference_pointer;  ///< into the answer (RFC 6901)
  std::string reference_header;
  std::string error_pointer;
  std::string test_method;
  std::string test_url;
  custom_auth_kind auth = custom_auth_kind::none;
  std::string header = "X-API-Key";  ///< api_key
  std::string username;              ///< basic
  transfer::oauth2_settings oauth2;
};

/// Of the providers behind HTTP: each uses what it needs.
struct http_settings {
  std::string base_url;
  std::string secret;  ///< API key, server token, bearer token, password
  std::string region;  ///< ses
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::string configuration_set;
  std::string domain;          ///< mailgun
  std::string message_stream;  ///< postmark
  std::string mailbox;         ///< graph: the user whose mailbox sends
  bool save_to_sent_items = false;
  transfer::oauth2_settings oauth2;  ///< graph
  std::vector<std::string> tags;
  std::vector<std::pair<std::string, std::string>> headers;  ///< custom: of the request
  custom_settings custom;
  bool http2 = true;
  transfer::proxy_options proxy;
};

enum class attach : std::uint8_t { always = 1, never };
enum class oversize : std::uint8_t { link = 1, reject };

struct attachment_settings {
  attach when = attach::always;
  std::string filename;      ///< a template; empty: the delivery's file name
  std::string content_type;  ///< a template; empty: the delivery's media type
  std::uint64_t max_bytes = 0;
  oversize above = oversize::link;
  double link_expiry_hours = 0;      ///< 0: the host's default
  std::int64_t link_max_access = 0;  ///< 0: no limit
};

/// A destination's configuration: schema.json, read. Secrets in clear: it never leaves the plugin.
struct config {
  provider_kind provider = provider_kind::smtp;
  smtp_settings smtp;
  http_settings http;
  address from;
  std::vector<std::string> to, cc, bcc, reply_to;  ///< addresses, or templates of them
  std::string subject;
  std::string text;
  std::string html;
  std::vector<std::pair<std::string, std::string>> headers;  ///< of the mail; values are templates
  attachment_settings attachment;
  std::string message_id_domain;
  std::chrono::milliseconds timeout{60'000};
  std::chrono::milliseconds connect_timeout{10'000};
  transfer::tls_options tls;
};

/// What each provider takes as one attachment, before its encoding; the size limit may be lower, not higher.
[[nodiscard]] std::uint64_t largest_attachment(provider_kind provider);
[[nodiscard]] std::string_view name_of(provider_kind provider);

/// Reads a configuration and reports every fault that a schema cannot see (and a value of a wrong type, in case no schema
/// looked). Nothing if there was a fault. Pure.
[[nodiscard]] std::optional<config> parse_config(std::string_view json, sdk::fault_sink& faults);

}  // namespace waybill::email
