// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/token_source.hpp>

#include <array>
#include <utility>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <waybill/host.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::transfer {
namespace {

using nlohmann::json;

constexpr std::string_view state_key = "oauth2.token";
// Between failed renewals in the background, while the old token still serves.
constexpr std::int64_t renewal_pause_ms = 5'000;
constexpr std::string_view jwt_bearer_name = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::string_view assertion_type_name = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

void append_field(std::string& form, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (!form.empty()) form.push_back('&');
  form.append(form_encoded(name)).append("=").append(form_encoded(value));
}

[[nodiscard]] std::string_view name_of(grant_type grant) {
  if (grant == grant_type::refresh_token) return "refresh_token";
  return grant == grant_type::jwt_bearer ? jwt_bearer_name : "client_credentials";
}

[[nodiscard]] std::string fixed_form_of(const oauth2_settings& s) {
  std::string form;
  append_field(form, "grant_type", name_of(s.grant));
  append_field(form, "scope", s.scope);
  append_field(form, "audience", s.audience);
  if (s.client != client_authentication::basic) append_field(form, "client_id", s.client_id);
  if (s.client == client_authentication::body) append_field(form, "client_secret", s.client_secret);
  for (const auto& [name, value] : s.fields) append_field(form, name, value);
  return form;
}

[[nodiscard]] bool signs(const oauth2_settings& s) {
  return s.grant == grant_type::jwt_bearer || s.client == client_authentication::signed_assertion;
}

[[nodiscard]] std::string fingerprint_of(const oauth2_settings& s) {
  auto text = s.token_url + '\n' + s.client_id + '\n' + s.client_secret + '\n' + s.scope + '\n' + s.audience;
  for (const auto* more : {&s.refresh_token, &s.assertion.key, &s.assertion.issuer, &s.assertion.subject, &s.assertion.claims})
    if (!more->empty()) text += '\n' + *more;
  for (const auto& [name, value] : s.fields) text += '\n' + name + '=' + value;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_base64({reinterpret_cast<const char*>(digest.data()), size});
}

/// What keep() wrote; nothing if it is not for these settings.
[[nodiscard]] std::optional<access_token> parse_stored(const std::string& stored, const std::string& fingerprint) {
  const auto document = json::parse(stored, nullptr, false);
  if (!document.is_object() || document.value("for", json{}) != fingerprint || !document.value("token", json{}).is_string() ||
      !document.value("expiresAtMs", json{}).is_number_integer() || !document.value("renewAtMs", json{}).is_number_integer())
    return std::nullopt;
  access_token token{document["token"], document["expiresAtMs"], document["renewAtMs"], {}};
  if (const auto next = document.find("refreshToken"); next != document.end() && next->is_string()) token.refresh_token = *next;
  return token;
}

}  // namespace

/// The request to the token URL. The one that waits for its outcome is the source, kept alive by this.
class token_source::request final : public exchange {
public:
  request(endpoint_ptr to, std::shared_ptr<token_source> source) : exchange(std::move(to)), source_(std::move(source)) {}
  void finished(std::unique_ptr<exchange>, const outcome& what) noexcept override {
    try {
      source_->answered(what);
    } catch (const std::exception& e) {
      source_->settle(std::nullopt, {sdk::category::system, 0, e.what(), {}});
    }
  }

private:
  std::shared_ptr<token_source> source_;
};

token_source::token_source(oauth2_settings settings, endpoint_options way, std::chrono::milliseconds timeout, reactor& reactor,
                           std::shared_ptr<sdk::host_gate> host)
    : settings_(std::move(settings)),
      fixed_form_(fixed_form_of(settings_)),
      fingerprint_(fingerprint_of(settings_)),
      timeout_(timeout),
      reactor_(reactor),
      host_(std::move(host)) {
  if (settings_.client == client_authentication::basic && !settings_.client_id.empty())
    authorization_ = "Basic " + to_base64(form_encoded(settings_.client_id) + ":" + form_encoded(settings_.client_secret));
  if (signs(settings_)) assertions_ = std::make_unique<jwt_signer>(settings_.assertion);
  way.url = settings_.token_url;
  way.method = settings_.grant == grant_type::metadata_server ? "GET" : "POST";
  endpoint_ = std::make_shared<const endpoint>(std::move(way));
}

std::string token_source::current() {
  const auto now = sdk::now_ms();
  bool renews = false;
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    if (token_.text.empty() || now >= token_.expires_at_ms) return {};
    text = token_.text;
    renews = now >= token_.renew_at_ms && !fetching_;
    if (renews) fetching_ = true;
  }
  if (renews) send_request();
  return text;
}

void token_source::fetch(const std::string& refused, waiter then) {
  std::unique_lock lock{mutex_};
  if (!refused.empty() && token_.text == refused) token_.text.clear();
  if (!token_.text.empty() && sdk::now_ms() < token_.expires_at_ms) {
    const auto text = token_.text;  // somebody else has waited for it already
    lock.unlock();
    return then(text, {});
  }
  waiters_.push_back(std::move(then));
  if (std::exchange(fetching_, true)) return;
  const bool asks_store = !std::exchange(store_asked_, true) && settings_.grant != grant_type::metadata_server;
  lock.unlock();
  if (asks_store) return reactor_.offload([self = shared_from_this()] { self->ask_store(); });
  send_request();
}

void token_source::ask_store() {
  std::string stored;
  if (host_->state_get(state_key, stored) == WB_OK) {
    if (auto token = parse_stored(stored, fingerprint_)) {
      if (!token->text.empty() && sdk::now_ms() < token->renew_at_ms) return settle(std::move(*token), {});
      const std::lock_guard lock{mutex_};
      token_.refresh_token = std::move(token->refresh_token);
    }
  }
  send_request();
}

/// Empty if an assertion could not be signed.
std::string token_source::form() {
  auto form = fixed_form_;
  if (settings_.grant == grant_type::refresh_token) {
    const std::lock_guard lock{mutex_};
    append_field(form, "refresh_token", token_.refresh_token.empty() ? settings_.refresh_token : token_.refresh_token);
  }
  if (!assertions_) return form;
  const auto assertion = assertions_->sign(sdk::now_ms() / 1'000);
  if (assertion.empty()) return {};
  if (settings_.client == client_authentication::signed_assertion) {
    append_field(form, "client_assertion_type", assertion_type_name);
    append_field(form, "client_assertion", assertion);
  } else {
    append_field(form, "assertion", assertion);
  }
  return form;
}

void token_source::send_request() {
  auto ask = std::make_unique<request>(endpoint_, shared_from_this());
  ask->headers.add("Accept", "application/json");
  for (const auto& [name, value] : settings_.headers) ask->headers.add(name, value, secrecy::secret);
  if (settings_.grant != grant_type::metadata_server) {
    ask->headers.add("Content-Type", "application/x-www-form-urlencoded");
    ask->headers.add("Authorization", authorization_, secrecy::secret);
    ask->body.owned = form();
    if (ask->body.owned.empty())
      return settle(std::nullopt, {sdk::category::system, 0, "no OAuth 2.0 token: the assertion could not be signed", {}});
  }
  ask->deadline = exchange::clock::now() + timeout_;
  reactor_.submit(std::move(ask));
}

void token_source::answered(const outcome& what) {
  if (what.how == ending::answered && what.status == 200) {
    if (auto token = parse_token(what.body, sdk::now_ms())) {
      keep(*token);
      return settle(std::move(token), {});
    }
  }
  const auto why = why_no_token(what);
  if (falls_back(why)) return send_request();
  settle(std::nullopt, why);
}

/// A refresh token that replaced the configured one has died: somebody may have signed in anew since.
bool token_source::falls_back(const token_failure& why) {
  if (why.error != "invalid_grant") return false;
  const std::lock_guard lock{mutex_};
  return !std::exchange(token_.refresh_token, {}).empty();
}

void token_source::keep(const access_token& token) {
  if (settings_.grant == grant_type::metadata_server) return;
  json document{
      {"for", fingerprint_}, {"token", token.text}, {"expiresAtMs", token.expires_at_ms}, {"renewAtMs", token.renew_at_ms}};
  {
    const std::lock_guard lock{mutex_};
    const auto& next = token.refresh_token.empty() ? token_.refresh_token : token.refresh_token;
    if (!next.empty() && settings_.grant == grant_type::refresh_token) document["refreshToken"] = next;
  }
  reactor_.offload([host = host_, text = document.dump(-1, ' ', false, json::error_handler_t::replace)] {
    if (host->state_put(state_key, text) != WB_OK)
      host->log(sdk::log_level::warning, "the OAuth 2.0 token could not be stored; a restart will fetch another");
  });
}

void token_source::settle(std::optional<access_token> token, const token_failure& why) {
  std::vector<waiter> waiting;
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    if (token) {
      if (token->refresh_token.empty()) token->refresh_token = std::move(token_.refresh_token);
      token_ = std::move(*token);
    } else {
      token_.renew_at_ms = sdk::now_ms() + renewal_pause_ms;
    }
    if (why.detail.empty()) text = token_.text;
    waiting.swap(waiters_);
    fetching_ = false;
  }
  for (auto& w : waiting) w(text, why);
}

}  // namespace waybill::transfer
