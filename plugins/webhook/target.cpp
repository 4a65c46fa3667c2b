// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <string>
#include <utility>

#include <waybill/transfer/json_text.hpp>

namespace waybill::webhook {
namespace {

[[nodiscard]] transfer::reactor_options reactor_settings() {
  transfer::reactor_options options;
  options.thread_name = "wb-webhook";
  return options;
}

[[nodiscard]] bool sets(const config& settings, std::string_view name) {
  for (const auto& header : settings.headers)
    if (transfer::equal_ignoring_case(header.first, name)) return true;
  return false;
}

[[nodiscard]] std::string basic_credentials(const auth_settings& auth) {
  return "Basic " + transfer::to_base64(auth.username + ":" + auth.secret);
}

}  // namespace

transfer::reactor& plugin_reactor() {
  static auto* const reactor = new transfer::reactor{reactor_settings()};
  return *reactor;
}

target::target(config from, sdk::handler_context context)
    : settings(std::move(from)),
      host(std::make_shared<sdk::host_gate>(context)),
      endpoint(std::make_shared<const transfer::endpoint>(delivery_way())),
      signatures(settings.signing_secrets) {
  const auto& auth = settings.auth;
  if (auth.kind == auth_kind::oauth2)
    tokens = std::make_shared<transfer::token_source>(auth.oauth2, way(), settings.timeout, plugin_reactor(), host);
  if (auth.kind == auth_kind::jwt) jwt = std::make_unique<transfer::jwt_signer>(auth.jwt);
  learn_secrets();
}

/// How any connection for this destination is made: to the receiver and to its token URL.
transfer::endpoint_options target::way() const {
  transfer::endpoint_options options;
  options.tls = settings.tls;
  options.proxy = settings.proxy;
  options.connect_timeout = settings.connect_timeout;
  options.http = settings.http2 ? transfer::http_versions::two_over_tls : transfer::http_versions::one_only;
  options.belong_to(host);
  return options;
}

transfer::endpoint_options target::delivery_way() const {
  auto options = way();
  options.url = settings.url;
  options.method = settings.method;
  auto& headers = options.headers;
  // Kept as secrets in the configuration, so redacted in records too.
  for (const auto& [name, value] : settings.headers) headers.add(name, value, transfer::secrecy::secret);
  if (!sets(settings, "User-Agent")) headers.add("User-Agent", "Waybill/" + std::string{sdk::engine_version()});
  if (settings.format == body_format::envelope && !sets(settings, "Content-Type"))
    headers.add("Content-Type", "application/json");
  if (settings.compress == compression::gzip) headers.add("Content-Encoding", "gzip");
  const auto& auth = settings.auth;
  if (auth.kind == auth_kind::api_key) headers.add(auth.header, auth.secret, transfer::secrecy::secret);
  if (auth.kind == auth_kind::bearer) headers.add("Authorization", "Bearer " + auth.secret, transfer::secrecy::secret);
  if (auth.kind == auth_kind::basic) headers.add("Authorization", basic_credentials(auth), transfer::secrecy::secret);
  return options;
}

void target::learn_secrets() {
  for (const auto& header : settings.headers) secrets.add(header.second);
  const auto& auth = settings.auth;
  secrets.add(auth.secret);
  if (auth.kind == auth_kind::basic) secrets.add(transfer::to_base64(auth.username + ":" + auth.secret));
  secrets.add(auth.oauth2.client_secret);
  secrets.add(auth.jwt.key);
  secrets.add(settings.proxy.password);
  for (const auto& secret : settings.signing_secrets) secrets.add(secret.secret);
}

void target::preparing(std::uint64_t token) {
  const std::lock_guard lock{mutex_};
  preparing_.emplace(token, false);
}

bool target::prepared(std::uint64_t token) {
  const std::lock_guard lock{mutex_};
  const auto found = preparing_.find(token);
  const bool wanted = found == preparing_.end() || !found->second;
  if (found != preparing_.end()) preparing_.erase(found);
  return wanted;
}

bool target::canceled_preparing(std::uint64_t token) {
  const std::lock_guard lock{mutex_};
  const auto found = preparing_.find(token);
  return found != preparing_.end() && found->second;
}

bool target::cancel_preparing(std::uint64_t token) {
  const std::lock_guard lock{mutex_};
  const auto found = preparing_.find(token);
  if (found == preparing_.end()) return false;
  found->second = true;
  return true;
}

void target::enter_batch(std::uint64_t request, const std::vector<wb_token>& calls) {
  const auto wanted = std::make_shared<std::size_t>(calls.size());
  const std::lock_guard lock{mutex_};
  for (const auto token : calls) batched_.emplace(token, batched{request, wanted, false});
}

void target::leave_batch(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = batched_.find(token);
  if (found == batched_.end()) return;
  if (!found->second.canceled) --*found->second.wanted;
  batched_.erase(found);
}

std::uint64_t target::cancel_in_batch(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = batched_.find(token);
  if (found == batched_.end()) return token;
  auto& call = found->second;
  if (!std::exchange(call.canceled, true)) --*call.wanted;
  return *call.wanted == 0 ? call.request : 0;
}

bool target::canceled_in_batch(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = batched_.find(token);
  return found != batched_.end() && found->second.canceled;
}

void target::leave() {
  if (under_way_.fetch_sub(1) != 1) return;
  const std::lock_guard lock{mutex_};
  idle_.notify_all();
}

void target::wait_idle(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  idle_.wait_for(lock, limit, [this] { return under_way_.load() == 0; });
}

}  // namespace waybill::webhook
