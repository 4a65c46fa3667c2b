// SPDX-License-Identifier: Apache-2.0
#include "attempt.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <utility>
#include <vector>

#include "timestamps.hpp"
#include "verdict.hpp"

namespace waybill::webhook {
namespace {

// One turn on the worker: a few milliseconds, then others.
constexpr std::size_t hash_turn_bytes = 1'048'576;
// ed25519 signs a message as a whole, so a streamed body has to be gathered for it.
constexpr std::uint64_t most_gathered_bytes = std::uint64_t{16} * 1'048'576;

/// A number as text, without an allocation.
class decimal {
public:
  explicit decimal(std::int64_t number)
      : size_(static_cast<std::size_t>(std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr - text_.data())) {}
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

private:
  std::array<char, 20> text_;
  std::size_t size_;
};

}  // namespace

std::chrono::milliseconds time_for(const sdk::delivery& what) {
  if (what.in_memory()) return std::chrono::milliseconds{0};
  return std::chrono::seconds{what.size() / 1'048'576 + 1};
}

std::string content_record(const sdk::delivery& what) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(128);
  out.append(",\"content\":{\"bytes\":")
      .append(decimal{static_cast<std::int64_t>(what.size())}.text())
      .append(",\"sha256\":\"");
  for (int i = 0; i < 32; ++i) out.append({digits[what.sha256()[i] >> 4], digits[what.sha256()[i] & 15]});
  return out.append("\"}");
}

attempt::attempt(std::shared_ptr<target> to, sdk::completion&& done)
    : exchange(to->endpoint), target_(std::move(to)), done_(std::move(done)) {
  id = done_.token();
  target_->enter();
}

// The completion first: who waits for idle targets may count on every token being ended.
attempt::~attempt() {
  kept_.reset();
  stream_.reset();
  body.source.reset();
  { const sdk::completion last = std::move(done_); }
  target_->leave();
}

void attempt::deliver(std::shared_ptr<target> to, const sdk::delivery& what, sdk::completion&& done) {
  auto self = std::make_unique<attempt>(std::move(to), std::move(done));
  const auto now_ms = sdk::now_ms();
  self->set_deadline(what.deadline_ms(), time_for(what));
  self->content_record_ = content_record(what);
  self->add_headers(what, now_ms);
  auto& signatures = self->target_->signatures;
  if (!what.in_memory()) {
    const bool raw = self->target_->settings.format == body_format::raw;
    self->set_stream(what, raw ? envelope_frame{} : frame_of(what));
    return sign_streamed(std::move(self), what.delivery_id(), decimal{now_ms / 1'000}.text());
  }
  std::string signature;
  const bool raw = self->target_->settings.format == body_format::raw;
  if (!raw) self->body.owned = make_envelope(what);
  const auto content = raw ? what.content() : std::string_view{self->body.owned};
  if (!signatures.sign(what.delivery_id(), decimal{now_ms / 1'000}.text(), content, signature))
    return self->fail(sdk::category::system, "the body could not be signed");
  self->headers.add("webhook-signature", signature);
  if (!self->set_body_in_memory(what)) return self->fail(sdk::category::system, "the body could not be compressed");
  authorize(std::move(self));
}

void attempt::test(std::shared_ptr<target> to, std::int64_t deadline_ms, sdk::completion&& done) {
  auto self = std::make_unique<attempt>(std::move(to), std::move(done));
  self->purpose_ = purpose::test;
  self->method = "OPTIONS";
  self->set_deadline(deadline_ms);
  authorize(std::move(self));
}

void attempt::set_deadline(std::int64_t deadline_ms, std::chrono::milliseconds for_content) {
  auto left = target_->settings.timeout + for_content;
  if (deadline_ms != 0)
    left = std::min(left, std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
  deadline = clock::now() + left;
}

void attempt::add_headers(const sdk::delivery& what, std::int64_t now_ms) {
  headers.reserve(11, 768);
  if (target_->settings.format == body_format::raw)
    headers.add("Content-Type", what.content_type().empty() ? "application/octet-stream" : what.content_type());
  headers.add("Idempotency-Key", what.idempotency_key());
  headers.add("X-Delivery-Timestamp", iso8601{now_ms}.text());
  headers.add("X-Delivery-Id", what.delivery_id());
  headers.add("X-Delivery-Attempt", decimal{what.attempt()}.text());
  headers.add("traceparent", what.traceparent());
  headers.add("webhook-id", what.delivery_id());
  headers.add("webhook-timestamp", decimal{now_ms / 1'000}.text());
}

void attempt::prepare(CURL* easy) noexcept {
  if (!stream_) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(target_->settings.timeout).count();
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(seconds));
}

void attempt::undo(CURL* easy) noexcept {
  if (!stream_) return;
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 0L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 0L);
}

bool attempt::set_body_in_memory(const sdk::delivery& what) {
  if (target_->settings.compress == compression::gzip) {
    auto packed = gzip(target_->settings.format == body_format::raw ? what.content() : std::string_view{body.owned});
    if (!packed) return false;
    body.owned = std::move(*packed);
  } else if (target_->settings.format == body_format::raw) {
    kept_ = sdk::retained_delivery{what};
    body.borrowed = kept_.content();
  }
  return true;
}

void attempt::set_stream(const sdk::delivery& what, envelope_frame frame) {
  target_->enter();
  std::shared_ptr<void> presence{nullptr, [to = target_](void*) { to->leave(); }};
  stream_ = std::make_shared<content_stream>(sdk::retained_delivery{what}, std::move(frame), std::move(presence));
  body.source = stream_;
  if (target_->settings.compress == compression::gzip) body.source = std::make_shared<gzip_stream>(stream_);
}

/// The first reading of a streamed body: for its signature. The second one sends it.
struct attempt::hashing {
  std::unique_ptr<attempt> what;
  signing made;
  std::vector<char> buffer;
};

void attempt::sign_streamed(std::unique_ptr<attempt> self, std::string_view id, std::string_view time) {
  auto& signatures = self->target_->signatures;
  if (!signatures.signs()) return authorize(std::move(self));
  if (signatures.needs_whole() && *self->stream_->size() > most_gathered_bytes)
    return self->fail(sdk::category::configuration, "an ed25519 secret cannot sign a body of more than 16 MiB");
  self->target_->preparing(self->id);
  auto made = signatures.begin(id, time);
  auto work = std::make_shared<hashing>(hashing{std::move(self), std::move(made), std::vector<char>(hash_turn_bytes)});
  plugin_reactor().offload([work] {
    if (!work->what->stream_->rewind()) return;
    hash_on(work);
  });
}

void attempt::hash_on(const std::shared_ptr<hashing>& work) {
  const bool late = clock::now() > work->what->deadline;
  const bool goes_on = !late && !work->what->target_->canceled_preparing(work->what->id);
  const auto got = work->what->stream_->read(work->buffer.data(), work->buffer.size());
  if (got && *got > 0 && goes_on) {
    work->made.add({work->buffer.data(), *got});
    plugin_reactor().offload([work] { hash_on(work); });
    return;
  }
  auto self = std::move(work->what);
  if (!self->target_->prepared(self->id)) return self->complete(sdk::result::canceled());
  if (late) return self->fail(sdk::category::timeout, "the body could not be read in time");
  if (!got) return self->fail(sdk::category::system, "the content could not be read");
  const auto signature = work->made.finish();
  if (signature.empty()) return self->fail(sdk::category::system, "the body could not be signed");
  self->headers.add("webhook-signature", signature);
  authorize(std::move(self));
}

void attempt::authorize(std::unique_ptr<attempt> self) {
  const auto& to = *self->target_;
  if (to.jwt) {
    const auto token = to.jwt->sign(sdk::now_ms() / 1'000);
    if (token.empty()) return self->fail(sdk::category::system, "the JWT could not be signed");
    self->headers.add("Authorization", "Bearer " + token, transfer::secrecy::secret);
  }
  if (!to.tokens) return send(std::move(self));
  auto token = to.tokens->current();
  if (token.empty()) return authorize_with_token(std::move(self), {});
  self->headers.add("Authorization", "Bearer " + token, transfer::secrecy::secret);
  self->token_ = std::move(token);
  send(std::move(self));
}

void attempt::authorize_with_token(std::unique_ptr<attempt> self, const std::string& refused) {
  auto& to = *self->target_;
  to.preparing(self->id);
  // A std::function must be copyable, and an attempt is not.
  auto held = std::make_shared<std::unique_ptr<attempt>>(std::move(self));
  to.tokens->fetch(refused, [held](const std::string& token, const transfer::token_failure& why) {
    auto again = std::move(*held);
    if (!again->target_->prepared(again->id)) return again->complete(sdk::result::canceled());
    if (token.empty()) {
      auto r = sdk::result::retry(why.why, why.detail, why.code);
      r.message = "No access token could be had for the receiver.";
      return again->complete(r);
    }
    again->headers.remove("Authorization");
    again->headers.add("Authorization", "Bearer " + token, transfer::secrecy::secret);
    again->token_ = token;
    send(std::move(again));
  });
}

void attempt::send(std::unique_ptr<attempt> self) { plugin_reactor().submit(std::move(self)); }

void attempt::fail(sdk::category why, std::string detail) {
  auto r = why == sdk::category::configuration ? sdk::result::reject(why, std::move(detail))
                                               : sdk::result::retry(why, std::move(detail));
  r.message = "The request could not be made.";
  complete(r);
}

void attempt::finished(std::unique_ptr<exchange> self, const transfer::outcome& what) noexcept {
  if (what.status == 401 && target_->tokens && !std::exchange(renewed_, true)) {
    // The object of `self` is this one.
    std::unique_ptr<attempt> same{static_cast<attempt*>(self.release())};
    const auto refused = token_;
    return authorize_with_token(std::move(same), refused);
  }
  try {
    end(what);
  } catch (const std::exception& e) {
    give_up(e.what());
  }
}

sdk::result attempt::judge(const transfer::outcome& what) const {
  const auto& secrets = target_->secrets;
  auto r = purpose_ == purpose::test ? judge_test(what) : judge_delivery(what, target_->settings, sdk::now_ms());
  std::string clean;
  if (what.how == transfer::ending::answered) {
    auto reference = what.header(target_->settings.reference_header);
    if (secrets.scrub(reference, clean, token_)) reference = clean;
    r.external_reference = clean_reference(reference);
  } else if (secrets.scrub(r.detail, clean, token_)) {
    r.detail = clean;
  }
  return r;
}

void attempt::end(const transfer::outcome& what) {
  auto r = judge(what);
  r.request = transfer::request_record(*this, target_->secrets, content_record_);
  r.response = transfer::response_record(what, target_->secrets, token_);
  done_(r);
}

}  // namespace waybill::webhook
