// SPDX-License-Identifier: Apache-2.0
#include "http_attempt.hpp"

#include <exception>
#include <utility>
#include <vector>

#include "verdict.hpp"

namespace waybill::email {
namespace {

// One turn on the worker: a few milliseconds, then others.
constexpr std::size_t hash_turn_bytes = 1'048'576;
constexpr std::size_t longest_reference = 256;

[[nodiscard]] std::string clean_reference(std::string text) {
  text.resize(std::min(text.size(), longest_reference));
  for (auto& c : text)
    if (c < 0x20 || c > 0x7e) c = '?';
  return text;
}

}  // namespace

/// The request on its way. Keeps the attempt alive.
class http_attempt::call final : public transfer::exchange {
public:
  call(transfer::endpoint_ptr to, std::shared_ptr<http_attempt> whose) : exchange(std::move(to)), whose_(std::move(whose)) {}
  void finished(std::unique_ptr<exchange>, const transfer::outcome& what) noexcept override {
    try {
      whose_->answered(*this, what);
    } catch (const std::exception&) {
      // Its completion answers for itself.
    }
  }

private:
  std::shared_ptr<http_attempt> whose_;
};

/// A streamed body on its way to being signed.
struct http_attempt::hashing {
  std::shared_ptr<http_attempt> whose;
  transfer::sha256_hasher hasher;
  std::vector<char> buffer;

  static void go_on(const std::shared_ptr<hashing>& work) {
    const auto got = work->whose->request_.body->read(work->buffer.data(), work->buffer.size());
    if (!got) return work->whose->complete(judge_connection(transfer::ending::body_failed, "the content could not be read"));
    if (work->whose->canceled()) return work->whose->complete(sdk::result::canceled());
    if (clock::now() > work->whose->deadline_)
      return work->whose->complete(judge_connection(transfer::ending::timed_out, "the content could not be read in time"));
    if (*got == 0) return work->whose->submit(transfer::to_hex(work->hasher.finish()));
    work->hasher.add({work->buffer.data(), *got});
    plugin_reactor().offload([work] { go_on(work); });
  }
};

bool http_attempt::build() {
  std::string why;
  auto made = target_->http->request(mail_, content(), why);
  if (!made) {
    reject(sdk::category::validation, "the mail cannot be said to this provider: " + why, why);
    return false;
  }
  request_ = std::move(*made);
  in_memory_ = what_.in_memory() || !mail_.attachment;
  if (!in_memory_) return true;
  auto all = read_all(*request_.body);
  if (!all) complete(judge_connection(transfer::ending::body_failed, "the content could not be read"));
  if (all) body_ = std::move(*all);
  return all.has_value();
}

void http_attempt::transmit() {
  if (canceled()) return complete(sdk::result::canceled());
  if (!what_) {
    request_ = target_->http->test_request();
    if (request_.body) body_ = read_all(*request_.body).value_or("");
  }
  if (!in_memory_ && target_->http->signs()) return hash_body();
  submit(target_->http->signs() ? transfer::to_hex(transfer::sha256(body_)) : std::string{});
}

void http_attempt::hash_body() {
  auto self = std::static_pointer_cast<http_attempt>(shared_from_this());
  auto work = std::make_shared<hashing>(hashing{std::move(self), {}, std::vector<char>(hash_turn_bytes)});
  plugin_reactor().offload([work] {
    if (!work->whose->request_.body->rewind())
      return work->whose->complete(judge_connection(transfer::ending::body_failed, "the content could not be read"));
    hashing::go_on(work);
  });
}

void http_attempt::submit(const std::string& body_hash) {
  auto request = std::make_unique<call>(target_->endpoint, std::static_pointer_cast<http_attempt>(shared_from_this()));
  request->id = id_;
  request->url = request_.url;
  request->method = request_.method;
  request_.headers.each([&](std::string_view name, std::string_view value, transfer::secrecy marked) {
    request->headers.add(name, value, marked);
  });
  if (target_->signer) {
    const auto& from = target_->settings.http;
    target_->signer->sign(*request, {from.access_key_id, from.secret_access_key, from.session_token}, body_hash, sdk::now_ms());
  }
  if (!token_.empty()) request->headers.add("Authorization", "Bearer " + token_, transfer::secrecy::secret);
  if (in_memory_)
    request->body.borrowed = body_;
  else
    request->body.source = request_.body;
  request->deadline = deadline_;
  plugin_reactor().submit(std::move(request));
  // It may have been canceled between the last look and the submission.
  if (canceled()) interrupt();
}

void http_attempt::interrupt() { plugin_reactor().cancel(id_); }

void http_attempt::answered(const call& request, const transfer::outcome& what) {
  if (what.how == transfer::ending::answered && what.status == 401 && renew()) return;
  const auto& provider = *target_->http;
  auto r = what_ ? judge_http(what, provider, sdk::now_ms()) : judge_http_test(what, provider);
  if (what_ && r.what == sdk::action::delivered) {
    r.external_reference = clean_reference(scrubbed(provider.reference(what)));
    if (r.external_reference.empty()) r.external_reference = "<" + mail_.message_id + ">";
  }
  r.request = transfer::request_record(request, target_->secrets, mail_record());
  r.response = transfer::response_record(what, target_->secrets, token_);
  complete(std::move(r));
}

}  // namespace waybill::email
