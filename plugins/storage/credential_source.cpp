// SPDX-License-Identifier: Apache-2.0
#include "credential_source.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace waybill::storage {
namespace {

using sdk::category;

// Before its end a key is renewed: a large upload must not meet it on its way.
constexpr std::int64_t renewed_before_ms = 5 * 60'000;
constexpr std::string_view instance_endpoint = "http://169.254.169.254";
constexpr std::string_view container_endpoint = "http://169.254.170.2";
constexpr std::size_t longest_token = 20'000;

[[nodiscard]] std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

/// A token that the operator has laid beside the node: the first line of the file.
[[nodiscard]] std::string token_in(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  std::string text(longest_token, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text.substr(0, text.find_first_of("\r\n"));
}

[[nodiscard]] std::string sts_url_of(const s3_credentials& settings, const std::string& region) {
  if (!settings.sts_endpoint.empty()) return settings.sts_endpoint + "/";
  if (auto own = environment("AWS_ENDPOINT_URL_STS"); !own.empty()) return own.back() == '/' ? own : own + "/";
  const bool china = region.rfind("cn-", 0) == 0;
  return "https://sts." + region + (china ? ".amazonaws.com.cn/" : ".amazonaws.com/");
}

}  // namespace

credential_source::credential_source(s3_credentials settings, const std::string& region, transfer::endpoint_options way,
                                     std::chrono::milliseconds timeout, std::shared_ptr<sdk::host_gate> host)
    : settings_(std::move(settings)),
      endpoint_(std::make_shared<const transfer::endpoint>(std::move(way))),
      timeout_(timeout),
      host_(std::move(host)),
      sts_url_(sts_url_of(settings_, region)),
      sts_signer_(region, "sts") {}

void credential_source::get(const std::string& refused, waiter then) {
  if (!renews()) return then(settings_.key, sdk::result::delivered());
  std::unique_lock lock{mutex_};
  if (!refused.empty() && found_.key.access_key_id == refused) found_ = {};
  if (!found_.key.access_key_id.empty() && sdk::now_ms() < found_.expires_at_ms - renewed_before_ms) {
    const auto key = found_.key;
    lock.unlock();
    return then(key, sdk::result::delivered());
  }
  waiters_.push_back(std::move(then));
  if (std::exchange(fetching_, true)) return;
  lock.unlock();
  fetch();
}

void credential_source::fetch() {
  switch (settings_.kind) {
    case s3_credentials_kind::assume_role: {
      auto form = "&RoleArn=" + transfer::uri_encode(settings_.role_arn);
      if (!settings_.external_id.empty()) form += "&ExternalId=" + transfer::uri_encode(settings_.external_id);
      return ask_sts("AssumeRole", form, true);
    }
    case s3_credentials_kind::web_identity:
      return ask_web_identity();
    case s3_credentials_kind::container_role:
      return ask_container();
    case s3_credentials_kind::instance_role:
      return ask_instance();
    case s3_credentials_kind::access_key:
      break;
  }
}

void credential_source::ask(call::request what, std::string doing, const call::finisher& finish,
                            std::function<void(const transfer::outcome&)> then) {
  // A call of its own: whoever began to wait first may be canceled, and the others still want the key.
  auto by = std::make_shared<call>(call::clock::now() + timeout_, timeout_);
  call::send(std::move(by), endpoint_, std::move(what), finish,
             [self = shared_from_this(), doing = std::move(doing), then = std::move(then)](const transfer::exchange&,
                                                                                           const transfer::outcome& got) {
               if (got.how == transfer::ending::answered && got.status == 200) return then(got);
               auto why = judge_http(got, doing, read_s3_error(got.body));
               if (why.what == sdk::action::canceled) why = sdk::result::retry(category::system, "the plugin is shutting down");
               // Whatever a service of credentials refuses, it is the credentials that are missing.
               if (got.how == transfer::ending::answered && got.status < 500 && got.status != 429) {
                 why.what = sdk::action::retry;
                 why.why = category::authentication;
               }
               why.message = "No credentials could be had for the store.";
               self->settle(std::nullopt, std::move(why));
             });
}

void credential_source::ask_sts(const std::string& action, const std::string& form, bool sign) {
  call::request what;
  what.method = "POST";
  what.url = sts_url_;
  what.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  what.body.owned = "Action=" + action + "&Version=2011-06-15&DurationSeconds=" + std::to_string(settings_.session_seconds) +
                    "&RoleSessionName=" + transfer::uri_encode(settings_.session_name) + form;
  const auto hash = transfer::to_hex(transfer::sha256(what.body.owned));
  call::finisher finish;
  if (sign) finish = [&](transfer::exchange& one) { sts_signer_.sign(one, settings_.key, hash, sdk::now_ms()); };
  ask(std::move(what), action, finish, [self = shared_from_this(), action](const transfer::outcome& got) {
    auto found = read_sts_credentials(got.body);
    if (!found) return self->fail(category::authentication, action + ": the answer holds no credentials");
    self->settle(std::move(found), sdk::result::delivered());
  });
}

// The node's own identity is sent to Amazon's STS or to the operator's, never to a URL that the configuration names:
// read_s3 refuses stsEndpoint without a token of the configuration's own.
void credential_source::ask_web_identity() {
  plugin_reactor().offload([self = shared_from_this()] {
    auto token = self->settings_.web_identity_token;
    auto role = self->settings_.role_arn;
    if (token.empty()) token = token_in(environment("AWS_WEB_IDENTITY_TOKEN_FILE"));
    if (role.empty()) role = environment("AWS_ROLE_ARN");
    if (token.empty())
      return self->fail(category::configuration,
                        "no web identity token: the configuration has none, and the node has none in "
                        "the file that AWS_WEB_IDENTITY_TOKEN_FILE names");
    if (role.empty()) return self->fail(category::configuration, "no role: neither roleArn nor AWS_ROLE_ARN is set");
    self->ask_sts("AssumeRoleWithWebIdentity",
                  "&RoleArn=" + transfer::uri_encode(role) + "&WebIdentityToken=" + transfer::uri_encode(token), false);
  });
}

void credential_source::ask_container() {
  plugin_reactor().offload([self = shared_from_this()] {
    call::request what;
    what.method = "GET";
    what.url = self->settings_.metadata_endpoint;
    auto token = self->settings_.metadata_token;
    if (what.url.empty()) {
      // The agent's own variables: what they say is the operator's word. Its token goes nowhere else.
      const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
      what.url =
          relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") : std::string{container_endpoint} + relative;
      token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
      if (const auto file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) token = token_in(file);
    }
    if (what.url.empty())
      return self->fail(category::configuration,
                        "no container role: the node has neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
                        "nor AWS_CONTAINER_CREDENTIALS_FULL_URI, and the configuration names no endpoint");
    what.headers.add("Authorization", token, transfer::secrecy::secret);
    self->ask(std::move(what), "asking for the container's role", nullptr, [self](const transfer::outcome& got) {
      auto found = read_metadata_credentials(got.body);
      if (!found) return self->fail(category::authentication, "the container's agent answered without credentials");
      self->settle(std::move(found), sdk::result::delivered());
    });
  });
}

// IMDSv2: a PUT for a session token, which a request smuggled through somebody else's proxy could not make.
void credential_source::ask_instance() {
  call::request what;
  what.method = "PUT";
  what.url = (settings_.metadata_endpoint.empty() ? std::string{instance_endpoint} : settings_.metadata_endpoint) +
             "/latest/api/token";
  what.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "300");
  what.headers.add("Content-Type", "text/plain");
  ask(std::move(what), "asking the instance's metadata service for a session", nullptr,
      [self = shared_from_this()](const transfer::outcome& got) {
        if (got.body.empty() || !transfer::is_header_value(got.body))
          return self->fail(category::authentication, "the instance's metadata service answered without a session");
        self->ask_instance_role(std::string{got.body});
      });
}

void credential_source::ask_instance_role(const std::string& token) {
  call::request what;
  what.method = "GET";
  what.url = (settings_.metadata_endpoint.empty() ? std::string{instance_endpoint} : settings_.metadata_endpoint) +
             "/latest/meta-data/iam/security-credentials/";
  what.headers.add("X-aws-ec2-metadata-token", token, transfer::secrecy::secret);
  ask(std::move(what), "asking for the instance's role", nullptr,
      [self = shared_from_this(), token](const transfer::outcome& got) {
        const std::string role{got.body.substr(0, got.body.find_first_of("\r\n"))};
        if (role.empty()) return self->fail(category::authentication, "the instance has no role");
        self->ask_instance_key(token, role);
      });
}

void credential_source::ask_instance_key(const std::string& token, const std::string& role) {
  call::request what;
  what.method = "GET";
  what.url = (settings_.metadata_endpoint.empty() ? std::string{instance_endpoint} : settings_.metadata_endpoint) +
             "/latest/meta-data/iam/security-credentials/" + transfer::uri_encode(role);
  what.headers.add("X-aws-ec2-metadata-token", token, transfer::secrecy::secret);
  ask(std::move(what), "asking for the credentials of the instance's role", nullptr,
      [self = shared_from_this()](const transfer::outcome& got) {
        auto found = read_metadata_credentials(got.body);
        if (!found) return self->fail(category::authentication, "the instance's metadata service answered without credentials");
        self->settle(std::move(found), sdk::result::delivered());
      });
}

void credential_source::fail(category why, std::string detail) {
  auto r = sdk::result::retry(why, std::move(detail));
  r.message = "No credentials could be had for the store.";
  settle(std::nullopt, std::move(r));
}

void credential_source::settle(std::optional<temporary_credentials> found, sdk::result why) {
  std::vector<waiter> waiting;
  transfer::aws_credentials key;
  {
    const std::lock_guard lock{mutex_};
    if (found) {
      found_ = std::move(*found);
      key = found_.key;
    } else if (sdk::now_ms() < found_.expires_at_ms) {
      // What is there still serves: the service of credentials is asked again by the next one.
      key = found_.key;
      why = sdk::result::delivered();
    }
    waiting.swap(waiters_);
    fetching_ = false;
  }
  for (auto& one : waiting) one(key, why);
}

}  // namespace waybill::storage
