// SPDX-License-Identifier: Apache-2.0
#include "oauth2.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <waybill/host.hpp>
#include <waybill/transfer/json_text.hpp>

namespace waybill::webhook {
namespace {

using nlohmann::json;

constexpr std::string_view state_key = "oauth2.token";
constexpr std::int64_t assumed_lifetime_s = 300;
// Between failed renewals in the background, while the old token still serves.
constexpr std::int64_t renewal_pause_ms = 5'000;
constexpr std::int64_t longest_lifetime_s = std::int64_t{365} * 24 * 3'600;

/// application/x-www-form-urlencoded (WHATWG URL): also what RFC 6749 section 2.3.1 asks of a client id in Basic.
[[nodiscard]] std::string form_encoded(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (plain.find(c) != std::string_view::npos)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out.append({'%', digits[u >> 4], digits[u & 15]});
  }
  return out;
}

void append_field(std::string& form, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  form.append("&").append(name).append("=").append(form_encoded(value));
}

[[nodiscard]] std::string fingerprint_of(const oauth2_settings& s) {
  const auto text = s.token_url + '\n' + s.client_id + '\n' + s.client_secret + '\n' + s.scope + '\n' + s.audience;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return transfer::to_base64({reinterpret_cast<const char*>(digest.data()), size});
}

[[nodiscard]] std::int64_t lifetime_of(const json& answer) {
  const auto found = answer.find("expires_in");
  std::int64_t seconds = assumed_lifetime_s;
  if (found != answer.end() && found->is_number()) seconds = static_cast<std::int64_t>(std::min(found->get<double>(), 1e9));
  // Some servers send it as text.
  if (found != answer.end() && found->is_string()) {
    const auto& text = found->get_ref<const std::string&>();
    if (!text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos)
      seconds = std::stoll(text);
  }
  return std::clamp<std::int64_t>(seconds, 0, longest_lifetime_s);
}

/// The `error` code of RFC 6749 section 5.2; nothing else of the answer, which may hold anything.
[[nodiscard]] std::string error_code(std::string_view answer) {
  const auto document = json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!document.is_object()) return {};
  const auto found = document.find("error");
  if (found == document.end() || !found->is_string()) return {};
  const auto& code = found->get_ref<const std::string&>();
  const bool known_shape = code.size() < 64 && code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  return known_shape ? code : std::string{};
}

[[nodiscard]] token_failure failure_of(const transfer::outcome& what) {
  token_failure failure;
  if (what.how != transfer::ending::answered) {
    failure.why = what.how == transfer::ending::timed_out ? sdk::category::timeout : sdk::category::network;
    failure.detail = "no OAuth 2.0 token: " + what.detail;
    return failure;
  }
  failure.code = what.status;
  if (what.status == 429) failure.why = sdk::category::rate_limit;
  if (what.status >= 500) failure.why = sdk::category::remote;
  failure.detail = "no OAuth 2.0 token: the token URL answered " + std::to_string(what.status);
  if (const auto code = error_code(what.body); !code.empty()) failure.detail += ", " + code;
  return failure;
}

}  // namespace

std::optional<access_token> parse_token(std::string_view answer, std::int64_t now_ms) {
  const auto document = json::parse(answer.begin(), answer.end(), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto text = document.find("access_token");
  if (text == document.end() || !text->is_string()) return std::nullopt;
  const auto type = document.find("token_type");
  if (type != document.end() && type->is_string() &&
      !transfer::equal_ignoring_case(type->get_ref<const std::string&>(), "bearer"))
    return std::nullopt;
  access_token token;
  token.text = text->get<std::string>();
  if (token.text.empty() || !transfer::is_header_value(token.text)) return std::nullopt;
  const auto lifetime_ms = lifetime_of(document) * 1'000;
  // A tenth of its life before the end, a minute at most: a request must not meet the end on its way.
  token.expires_at_ms = now_ms + lifetime_ms;
  token.renew_at_ms = token.expires_at_ms - std::min<std::int64_t>(lifetime_ms / 10, 60'000);
  return token;
}

/// The POST to the token URL. The one that waits for its outcome is the source, kept alive by this.
class token_source::request final : public transfer::exchange {
public:
  request(transfer::endpoint_ptr to, std::shared_ptr<token_source> source)
      : exchange(std::move(to)), source_(std::move(source)) {}
  void finished(std::unique_ptr<exchange>, const transfer::outcome& what) noexcept override {
    try {
      source_->answered(what);
    } catch (const std::exception& e) {
      source_->settle(std::nullopt, {sdk::category::system, 0, e.what()});
    }
  }

private:
  std::shared_ptr<token_source> source_;
};

token_source::token_source(oauth2_settings settings, transfer::endpoint_options way, std::chrono::milliseconds timeout,
                           transfer::reactor& reactor, std::shared_ptr<sdk::host_gate> host)
    : settings_(std::move(settings)),
      form_("grant_type=client_credentials"),
      fingerprint_(fingerprint_of(settings_)),
      timeout_(timeout),
      reactor_(reactor),
      host_(std::move(host)) {
  append_field(form_, "scope", settings_.scope);
  append_field(form_, "audience", settings_.audience);
  if (settings_.client == client_authentication::body) {
    append_field(form_, "client_id", settings_.client_id);
    append_field(form_, "client_secret", settings_.client_secret);
  } else {
    authorization_ =
        "Basic " + transfer::to_base64(form_encoded(settings_.client_id) + ":" + form_encoded(settings_.client_secret));
  }
  way.url = settings_.token_url;
  way.method = "POST";
  endpoint_ = std::make_shared<const transfer::endpoint>(std::move(way));
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
  if (!refused.empty() && token_.text == refused) token_ = {};
  if (!token_.text.empty() && sdk::now_ms() < token_.expires_at_ms) {
    const auto text = token_.text;  // somebody else has waited for it already
    lock.unlock();
    return then(text, {});
  }
  waiters_.push_back(std::move(then));
  if (std::exchange(fetching_, true)) return;
  const bool asks_store = !std::exchange(store_asked_, true);
  lock.unlock();
  if (asks_store) return reactor_.offload([self = shared_from_this()] { self->ask_store(); });
  send_request();
}

void token_source::ask_store() {
  std::string stored;
  if (host_->state_get(state_key, stored) == WB_OK) {
    const auto document = json::parse(stored, nullptr, false);
    const auto now = sdk::now_ms();
    if (document.is_object() && document.value("for", json{}) == fingerprint_ && document.value("token", json{}).is_string() &&
        document.value("expiresAtMs", json{}).is_number_integer() && document.value("renewAtMs", json{}).is_number_integer()) {
      access_token token{document["token"], document["expiresAtMs"], document["renewAtMs"]};
      if (!token.text.empty() && now < token.renew_at_ms) return settle(std::move(token), {});
    }
  }
  send_request();
}

void token_source::send_request() {
  auto post = std::make_unique<request>(endpoint_, shared_from_this());
  post->headers.add("Content-Type", "application/x-www-form-urlencoded");
  post->headers.add("Accept", "application/json");
  post->headers.add("Authorization", authorization_, transfer::secrecy::secret);
  post->body.owned = form_;
  post->deadline = transfer::exchange::clock::now() + timeout_;
  reactor_.submit(std::move(post));
}

void token_source::answered(const transfer::outcome& what) {
  if (what.how != transfer::ending::answered || what.status != 200) return settle(std::nullopt, failure_of(what));
  auto token = parse_token(what.body, sdk::now_ms());
  if (!token) return settle(std::nullopt, {sdk::category::authentication, 200, "no OAuth 2.0 token: the answer holds none"});
  keep(*token);
  settle(std::move(token), {});
}

void token_source::keep(const access_token& token) {
  const json document{
      {"for", fingerprint_}, {"token", token.text}, {"expiresAtMs", token.expires_at_ms}, {"renewAtMs", token.renew_at_ms}};
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
    if (token)
      token_ = std::move(*token);
    else
      token_.renew_at_ms = sdk::now_ms() + renewal_pause_ms;
    if (why.detail.empty()) text = token_.text;
    waiting.swap(waiters_);
    fetching_ = false;
  }
  for (auto& w : waiting) w(text, why);
}

}  // namespace waybill::webhook
