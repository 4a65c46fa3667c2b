// SPDX-License-Identifier: Apache-2.0
#include "target.hpp"

#include <string>
#include <utility>

#include <waybill/transfer/json_text.hpp>

#include "tls_context.hpp"

namespace waybill::email {
namespace {

[[nodiscard]] transfer::reactor_options reactor_settings() {
  transfer::reactor_options options;
  options.thread_name = "wb-email";
  return options;
}

}  // namespace

transfer::reactor& plugin_reactor() {
  static auto* const reactor = new transfer::reactor{reactor_settings()};
  return *reactor;
}

target::target(config from, sdk::handler_context own)
    : settings(std::move(from)), context(own), host(std::make_shared<sdk::host_gate>(own)), maker_(settings) {
  if (settings.provider == provider_kind::smtp)
    set_up_smtp();
  else
    set_up_http();
  learn_secrets();
}

target::~target() {
  if (smtp) smtp->close();
}

/// How any HTTP connection for this destination is made: to the provider and to its token URL.
transfer::endpoint_options target::way() const {
  transfer::endpoint_options options;
  options.tls = settings.tls;
  options.proxy = settings.http.proxy;
  options.connect_timeout = settings.connect_timeout;
  options.http = settings.http.http2 ? transfer::http_versions::two_over_tls : transfer::http_versions::one_only;
  options.belong_to(host);
  return options;
}

void target::set_up_smtp() {
  auto made = std::make_shared<smtp_way>();
  made->settings = settings.smtp;
  made->guard = way().guard;
  if (settings.smtp.security != smtp_security::none) made->tls = make_tls_context(settings.tls);
  smtp =
      std::make_shared<smtp_pool>(std::move(made), [](std::function<void()> job) { plugin_reactor().offload(std::move(job)); });
  const auto& auth = settings.smtp.auth;
  if (auth.kind == smtp_auth_kind::oauth2)
    tokens = std::make_shared<transfer::token_source>(auth.oauth2, way(), settings.timeout, plugin_reactor(), host);
}

void target::set_up_http() {
  http = make_provider(settings);
  auto options = way();
  options.headers.add("User-Agent", "Waybill/" + std::string{sdk::engine_version()});
  http->add_headers(options.headers);
  endpoint = std::make_shared<const transfer::endpoint>(std::move(options));
  if (http->signs()) signer = std::make_unique<transfer::sigv4_signer>(settings.http.region, "ses");
  const bool own = settings.provider == provider_kind::custom && settings.http.custom.auth == custom_auth_kind::oauth2;
  if (own || settings.provider == provider_kind::graph)
    tokens = std::make_shared<transfer::token_source>(own ? settings.http.custom.oauth2 : settings.http.oauth2, way(),
                                                      settings.timeout, plugin_reactor(), host);
}

void target::learn_secrets() {
  const auto& smtp_auth = settings.smtp.auth;
  secrets.add(smtp_auth.password);
  secrets.add(transfer::to_base64(smtp_auth.password));
  const auto& from = settings.http;
  secrets.add(from.secret);
  secrets.add(transfer::to_base64("api:" + from.secret));
  secrets.add(transfer::to_base64(from.custom.username + ":" + from.secret));
  secrets.add(from.secret_access_key);
  secrets.add(from.session_token);
  secrets.add(from.proxy.password);
  for (const auto& header : from.headers) secrets.add(header.second);
  learn_secrets(smtp_auth.oauth2);
  learn_secrets(from.oauth2);
  learn_secrets(from.custom.oauth2);
}

void target::learn_secrets(const transfer::oauth2_settings& from) {
  secrets.add(from.client_secret);
  secrets.add(from.refresh_token);
  secrets.add(from.assertion.key);
}

std::optional<mail> target::make(const sdk::delivery& what, const std::string& link, std::string& why) {
  const std::lock_guard lock{making_};
  return maker_.make(what, link, why);
}

void target::come() {
  const std::lock_guard lock{mutex_};
  ++present_;
}

void target::go() {
  const std::lock_guard lock{mutex_};
  if (--present_ == 0) idle_.notify_all();
}

void target::enter(wb_token token, std::weak_ptr<attempt> one) {
  come();
  const std::lock_guard lock{mutex_};
  under_way_.insert_or_assign(token, std::move(one));
}

void target::leave(wb_token token) {
  {
    const std::lock_guard lock{mutex_};
    under_way_.erase(token);
  }
  go();
}

std::shared_ptr<attempt> target::find(wb_token token) {
  const std::lock_guard lock{mutex_};
  const auto found = under_way_.find(token);
  return found == under_way_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<void> target::presence(const std::shared_ptr<target>& self) {
  come();
  return {nullptr, [self](void*) { self->go(); }};
}

void target::wait_idle(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  idle_.wait_for(lock, limit, [this] { return present_ == 0; });
}

}  // namespace waybill::email
