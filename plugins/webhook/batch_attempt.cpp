// SPDX-License-Identifier: Apache-2.0
#include "batch_attempt.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <openssl/evp.h>
#include <waybill/transfer/json_text.hpp>

#include "batch_answer.hpp"
#include "timestamps.hpp"
#include "verdict.hpp"

namespace waybill::webhook {
namespace {

constexpr std::size_t kept_of_an_answer = 1'024;  // in each task's record; all of them together must stay small
constexpr std::size_t batch_id_bytes = 16;

/// The same for the same deliveries in the same order, whichever attempt it is: what a receiver can tell a repeat by.
/// Empty if there is no digest to be had.
std::string batch_id_of(const batch_parts& parts) {
  constexpr char digits[] = "0123456789abcdef";
  std::string keys;
  for (const auto& part : parts) keys.append(part.what.idempotency_key()).push_back('\n');
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  if (EVP_Digest(keys.data(), keys.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) return {};
  std::string id = "bat_";
  for (std::size_t i = 0; i < batch_id_bytes; ++i) id.append({digits[digest[i] >> 4], digits[digest[i] & 15]});
  return id;
}

std::string array_of(const batch_parts& parts) {
  std::size_t room = 2;
  for (const auto& part : parts) room += static_cast<std::size_t>(part.what.size()) * 4 / 3 + part.what.metadata().size() + 512;
  std::string out;
  out.reserve(room);
  out.push_back('[');
  for (const auto& part : parts) {
    if (out.size() > 1) out.push_back(',');
    append_batch_element(out, part.what);
  }
  out.push_back(']');
  return out;
}

bool looks_like_object(std::string_view body) {
  const auto at = body.find_first_not_of(" \t\r\n");
  return at != std::string_view::npos && body[at] == '{';
}

/// What one element's status means, as if it had been a request of its own; but an element never ends its destination.
sdk::result judge_item(const item_answer& item, const config& settings) {
  transfer::outcome own;
  own.how = transfer::ending::answered;
  own.status = item.status;
  auto r = judge_delivery(own, settings, sdk::now_ms());
  r.disable_destination = false;
  if (r.what == sdk::action::delivered) return r;
  const auto number = std::to_string(item.status);
  r.detail = "the receiver answered " + number + " for this element of a batch";
  r.message = "The receiver answered with status " + number + " for this delivery of a batch.";
  if (item.status == 429 || item.status == 503) r.retry_after_ms = item.retry_after_ms;
  return r;
}

}  // namespace

batch_attempt::batch_attempt(std::shared_ptr<target> to, std::uint64_t request, batch_parts parts,
                             std::deque<batch_parts> later)
    : attempt(std::move(to), sdk::completion{0}), request_(request), parts_(std::move(parts)), later_(std::move(later)) {
  id = request_;
}

batch_attempt::~batch_attempt() { give_up("the handler gave up the call without an outcome"); }

void batch_attempt::deliver(std::shared_ptr<target> to, std::vector<sdk::batch_item> items) {
  if (to->settings.format == body_format::raw) {
    for (auto& item : items) attempt::deliver(to, item.what, std::move(item.done));
    return;
  }
  batch_parts joined;
  for (auto& item : items) {
    const bool streams = !item.what.in_memory();
    if (streams && !joined.empty()) start(to, std::exchange(joined, {}));
    joined.push_back({sdk::retained_delivery{item.what}, std::move(item.done)});
    if (streams) start(to, std::exchange(joined, {}));
  }
  if (!joined.empty()) start(to, std::move(joined));
}

void batch_attempt::start(std::shared_ptr<target> to, batch_parts parts) {
  // No token of the host: a request must not be found by the token of one of its calls.
  const auto request = ~parts.front().done.token();
  std::vector<wb_token> tokens;
  for (const auto& part : parts) tokens.push_back(part.done.token());
  to->enter_batch(request, tokens);
  auto& signatures = to->signatures;
  send(std::make_unique<batch_attempt>(std::move(to), request, std::move(parts), std::deque<batch_parts>{}), signatures);
}

void batch_attempt::send(std::unique_ptr<batch_attempt> self, signer& signatures) {
  self->drop_canceled();
  if (self->parts_.empty()) return self->go_on();
  const auto now_ms = sdk::now_ms();
  const auto time = std::to_string(now_ms / 1'000);
  const auto& first = self->parts_.front().what;
  // Until the last of them: the host ends those whose own time is over.
  std::int64_t deadline_ms = 0;
  for (const auto& part : self->parts_) deadline_ms = std::max(deadline_ms, part.what.deadline_ms());
  self->set_deadline(deadline_ms, time_for(first));
  self->batch_id_ = batch_id_of(self->parts_);
  if (self->batch_id_.empty()) return self->fail(sdk::category::system, "the batch could not be named");
  self->prepare_headers(now_ms);
  if (!first.in_memory()) {
    auto frame = batch_frame_of(first);
    frame.prefix.insert(0, 1, '[');
    frame.suffix.push_back(']');
    self->set_stream(first, std::move(frame));
    const auto batch_id = self->batch_id_;
    return sign_streamed(std::move(self), batch_id, time);
  }
  self->body.owned = array_of(self->parts_);
  std::string signature;
  if (!signatures.sign(self->batch_id_, time, self->body.owned, signature))
    return self->fail(sdk::category::system, "the body could not be signed");
  self->headers.add("webhook-signature", signature);
  if (self->target_->settings.compress == compression::gzip) {
    auto packed = gzip(self->body.owned);
    if (!packed) return self->fail(sdk::category::system, "the body could not be compressed");
    self->body.owned = std::move(*packed);
  }
  authorize(std::move(self));
}

void batch_attempt::prepare_headers(std::int64_t now_ms) {
  headers.reserve(9, 512);
  headers.add("Idempotency-Key", batch_id_);
  headers.add("X-Batch-Id", batch_id_);
  headers.add("X-Batch-Size", std::to_string(parts_.size()));
  headers.add("X-Delivery-Timestamp", iso8601{now_ms}.text());
  headers.add("webhook-id", batch_id_);
  headers.add("webhook-timestamp", std::to_string(now_ms / 1'000));
}

void batch_attempt::end(const transfer::outcome& what) {
  const bool answered = what.how == transfer::ending::answered;
  if (answered && what.status == 413 && parts_.size() > 1) return split();
  auto all = judge(what);
  std::optional<item_answers> items;
  if (all.what == sdk::action::delivered) {
    items = read_batch_answer(what.body);
    if (!items && what.body_truncated && looks_like_object(what.body)) {
      all = sdk::result::retry(sdk::category::remote, "the answer to a batch is too long to be read whole", what.status);
      all.message = "The receiver's answer is too long.";
    }
  }
  const item_answer* none = nullptr;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto found = items ? items->find(std::string{parts_[i].what.delivery_id()}) : item_answers::const_iterator{};
    const auto* own = items && found != items->end() ? &found->second : none;
    answer(parts_[i], result_for(i, all, own, what));
  }
  parts_.clear();
  go_on();
}

sdk::result batch_attempt::result_for(std::size_t index, const sdk::result& all, const item_answer* own,
                                      const transfer::outcome& what) const {
  const auto& part = parts_[index];
  auto r = own != nullptr ? judge_item(*own, target_->settings) : all;
  r.external_reference = all.external_reference;
  r.bytes_sent = what.bytes_sent > 0 ? part.what.size() : 0;
  std::string further = ",\"batch\":{\"id\":\"" + batch_id_ + "\",\"size\":" + std::to_string(parts_.size()) +
                        ",\"index\":" + std::to_string(index) + "}" + content_record(part.what);
  r.request = transfer::request_record(*this, target_->secrets, further);
  auto seen = what;
  std::string item;
  if (own != nullptr) {
    item = "{\"id\":";
    transfer::append_json_string(item, part.what.delivery_id());
    item.append(",\"status\":").append(std::to_string(own->status)).push_back('}');
    seen.body = item;
  } else if (seen.body.size() > kept_of_an_answer) {
    seen.body = seen.body.substr(0, kept_of_an_answer);
    seen.body_truncated = true;
  }
  r.response = transfer::response_record(seen, target_->secrets, token_);
  return r;
}

void batch_attempt::split() {
  if (!target_->told_of_413.exchange(true))
    target_->host->log(sdk::log_level::warning, "the receiver answers 413 to a batch of " + std::to_string(parts_.size()) +
                                                    ": it is sent in halves; lower policy.batch");
  const auto middle = std::make_move_iterator(parts_.begin() + static_cast<std::ptrdiff_t>(parts_.size() / 2));
  later_.emplace_front(middle, std::make_move_iterator(parts_.end()));
  later_.emplace_front(std::make_move_iterator(parts_.begin()), middle);
  parts_.clear();
  go_on();
}

/// The next request of this batch, made on the worker thread: a body is built and signed there, and the reactor goes on.
void batch_attempt::go_on() {
  if (later_.empty()) return;
  auto parts = std::move(later_.front());
  later_.pop_front();
  auto next = std::make_unique<batch_attempt>(target_, request_, std::move(parts), std::exchange(later_, {}));
  target_->preparing(request_);
  auto held = std::make_shared<std::unique_ptr<batch_attempt>>(std::move(next));
  plugin_reactor().offload([held] {
    auto self = std::move(*held);
    try {
      if (!self->target_->prepared(self->id)) return self->complete(sdk::result::canceled());
      signer own{self->target_->settings.signing_secrets};  // the target's is for deliver's thread
      send(std::move(self), own);
    } catch (const std::exception&) {
      // Whatever is left of it answers as it is destroyed.
    }
  });
}

/// Of calls that nobody waits for any more none is sent again.
void batch_attempt::drop_canceled() {
  batch_parts kept;
  for (auto& part : parts_) {
    if (target_->canceled_in_batch(part.done.token()))
      answer(part, sdk::result::canceled());
    else
      kept.push_back(std::move(part));
  }
  parts_ = std::move(kept);
}

void batch_attempt::answer(batch_part& part, const sdk::result& r) {
  target_->leave_batch(part.done.token());
  part.what.reset();
  part.done(r);
}

void batch_attempt::complete(const sdk::result& r) {
  for (auto& part : parts_) answer(part, r);
  for (auto& parts : later_)
    for (auto& part : parts) answer(part, r);
}

void batch_attempt::give_up(const char* why) noexcept {
  const auto drop = [&](batch_part& part) {
    if (!part.done) return;
    target_->leave_batch(part.done.token());
    part.what.reset();
    part.done.fail(why);
  };
  for (auto& part : parts_) drop(part);
  for (auto& parts : later_)
    for (auto& part : parts) drop(part);
}

}  // namespace waybill::webhook
