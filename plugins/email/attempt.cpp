// SPDX-License-Identifier: Apache-2.0
#include "attempt.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

#include "http_attempt.hpp"
#include "smtp_attempt.hpp"

namespace waybill::email {
namespace {

// Beyond the time limit, for what has to be read, encoded and sent: some 1 MiB/s.
constexpr std::uint64_t bytes_a_second = 1'048'576;

[[nodiscard]] std::shared_ptr<attempt> make(const std::shared_ptr<target>& to, sdk::completion&& done) {
  if (to->smtp) return std::make_shared<smtp_attempt>(to, std::move(done));
  return std::make_shared<http_attempt>(to, std::move(done));
}

}  // namespace

attempt::attempt(std::shared_ptr<target> to, sdk::completion&& done)
    : target_(std::move(to)), id_(done.token()), done_(std::move(done)) {}

// The completion first: who waits for idle targets may count on every token being ended.
attempt::~attempt() {
  what_.reset();
  { const sdk::completion last = std::move(done_); }
  target_->leave(id_);
}

void attempt::deliver(const std::shared_ptr<target>& to, const sdk::delivery& what, sdk::completion&& done) {
  const auto self = make(to, std::move(done));
  to->enter(self->id_, self);
  self->set_deadline(what.deadline_ms(), what.in_memory() ? 0 : what.size());
  self->what_ = sdk::retained_delivery{what};
  self->start();
}

void attempt::test(const std::shared_ptr<target>& to, std::int64_t deadline_ms, sdk::completion&& done) {
  const auto self = make(to, std::move(done));
  to->enter(self->id_, self);
  self->set_deadline(deadline_ms, 0);
  self->authorize();
}

void attempt::set_deadline(std::int64_t deadline_ms, std::uint64_t bytes) {
  auto left = target_->settings.timeout + std::chrono::seconds{bytes / bytes_a_second};
  if (deadline_ms != 0)
    left = std::min(left, std::chrono::milliseconds{std::max<std::int64_t>(deadline_ms - sdk::monotonic_ms(), 0)});
  deadline_ = clock::now() + left;
}

void attempt::cancel() {
  canceled_.store(true, std::memory_order_release);
  interrupt();
}

void attempt::start() {
  const auto& maker = target_->maker();
  if (maker.too_large(what_))
    return reject(sdk::category::validation,
                  "the content has " + std::to_string(what_.size()) + " bytes; attachment.maxBytes is " +
                      std::to_string(target_->settings.attachment.max_bytes),
                  "The content is too large to be attached.");
  if (!maker.needs_link(what_) && !remembers()) return compose({});
  plugin_reactor().offload([self = shared_from_this()] {
    try {
      self->prepare();
    } catch (const std::exception& e) {
      self->complete(sdk::result::retry(sdk::category::system, e.what()));
    }
  });
}

/// What may block. Worker.
void attempt::prepare() {
  if (canceled()) return complete(sdk::result::canceled());
  std::string link;
  if (target_->maker().needs_link(what_) && !make_link(link)) return;
  if (remembers()) recall();
  compose(link);
}

bool attempt::make_link(std::string& link) {
  const auto& settings = target_->settings.attachment;
  nlohmann::json options = nlohmann::json::object();
  if (settings.link_expiry_hours > 0) options["expiryHours"] = settings.link_expiry_hours;
  if (settings.link_max_access > 0) options["maxAccess"] = settings.link_max_access;
  const auto status = target_->context.link_create(what_.raw(), options.dump(), link);
  if (status == WB_OK) return true;
  const auto why = "the content has " + std::to_string(what_.size()) + " bytes, more than attachment.maxBytes (" +
                   std::to_string(settings.max_bytes) + "), so a download link is needed; ";
  if (status == WB_NOT_FOUND)
    reject(sdk::category::configuration, why + "this node has no link service", "The content is too large to be attached.");
  else if (status == WB_REFUSED)
    reject(sdk::category::configuration, why + "the node refuses these options of attachment.link",
           "The content is too large to be attached, and no download link could be made.");
  else
    complete(sdk::result::retry(sdk::category::system, why + "it could not be made"));
  return false;
}

void attempt::compose(const std::string& link) {
  std::string why;
  auto made = target_->make(what_, link, why);
  if (!made) return reject(sdk::category::validation, "the delivery cannot become a mail: " + why, why);
  mail_ = std::move(*made);
  if (build()) authorize();
}

void attempt::authorize(const std::string& refused) {
  if (!target_->tokens) return transmit();
  if (refused.empty())
    if (token_ = target_->tokens->current(); !token_.empty()) return transmit();
  target_->tokens->fetch(refused, [self = shared_from_this()](const std::string& token, const transfer::token_failure& why) {
    if (self->canceled()) return self->complete(sdk::result::canceled());
    self->token_ = token;
    if (!token.empty()) return self->transmit();
    auto r = sdk::result::retry(why.why, why.detail, why.code);
    r.message = "No access token could be had for the mail service.";
    self->complete(std::move(r));
  });
}

bool attempt::renew() {
  if (!target_->tokens || canceled() || std::exchange(renewed_, true)) return false;
  authorize(token_);
  return true;
}

void attempt::complete(sdk::result r) {
  r.detail = scrubbed(std::move(r.detail));
  r.external_reference = scrubbed(std::move(r.external_reference));
  if (canceled() && r.what != sdk::action::delivered) r = sdk::result::canceled();
  done_(r);
}

void attempt::reject(sdk::category why, std::string detail, std::string message) {
  auto r = sdk::result::reject(why, std::move(detail));
  r.message = std::move(message);
  complete(std::move(r));
}

source_ptr attempt::content() {
  return mail_.attachment
             ? content_source(sdk::retained_delivery{static_cast<const sdk::delivery&>(what_)}, target_->presence(target_))
             : nullptr;
}

std::string attempt::scrubbed(std::string text) const {
  std::string clean;
  return target_->secrets.scrub(text, clean, token_) ? clean : text;
}

std::string attempt::mail_record() const {
  if (!what_) return {};
  std::string out = ",\"messageId\":";
  transfer::append_json_string(out, "<" + mail_.message_id + ">");
  out += ",\"content\":{\"bytes\":" + std::to_string(what_.size()) + ",\"sha256\":\"" +
         transfer::to_hex({reinterpret_cast<const char*>(what_.sha256()), 32}) + "\",\"sentAs\":\"" +
         (mail_.attachment                     ? "attachment"
          : target_->maker().needs_link(what_) ? "link"
                                               : "none") +
         "\"}";
  return out;
}

}  // namespace waybill::email
