// SPDX-License-Identifier: Apache-2.0
#include "smtp_attempt.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <nlohmann/json.hpp>

#include <waybill/transfer/hashing.hpp>
#include <waybill/transfer/json_text.hpp>

#include "mime.hpp"
#include "verdict.hpp"

namespace waybill::email {
namespace {

using nlohmann::json;

constexpr std::size_t most_recorded = 200;  // recipients in a record
constexpr std::size_t longest_recorded_text = 200;
constexpr std::size_t digest_characters = 16;

/// A recipient in the store: enough to be told from the others, and no address.
[[nodiscard]] std::string digest_of(const std::string& recipient) {
  return transfer::to_hex(transfer::sha256(recipient)).substr(0, digest_characters);
}

[[nodiscard]] const char* name_of(smtp_security security) {
  return security == smtp_security::tls ? "tls" : security == smtp_security::starttls ? "starttls" : "none";
}

[[nodiscard]] json to_json(const smtp_reply& reply) {
  json out{{"code", reply.code}};
  if (!reply.enhanced.empty()) out["enhanced"] = reply.enhanced;
  if (const auto text = reply.text(); !text.empty()) out["text"] = text.substr(0, longest_recorded_text);
  return out;
}

[[nodiscard]] std::string to_text(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::string smtp_attempt::state_key() const { return "reached:" + std::string{what_.task_id()}; }

void smtp_attempt::recall() {
  std::string stored;
  if (target_->host->state_get(state_key(), stored) != WB_OK) return;
  const auto list = json::parse(stored, nullptr, false);
  if (!list.is_array()) return;
  for (const auto& one : list)
    if (one.is_string()) reached_.insert(one.get<std::string>());
  reached_before_ = reached_.size();
}

bool smtp_attempt::build() {
  std::string why;
  auto frame = make_mime(mail_, bcc_header::leave_out, why);
  if (!frame) {
    complete(sdk::result::retry(sdk::category::system, "the message could not be made: " + why));
    return false;
  }
  out_ = std::make_shared<smtp_mail>();
  const auto& envelope = target_->settings.smtp.envelope_from;
  out_->sender = envelope.empty() ? mail_.from.spec() : envelope;
  for (auto& recipient : mail_.recipients())
    if (reached_.count(digest_of(recipient)) == 0) out_->recipients.push_back(std::move(recipient));
  if (out_->recipients.empty()) {
    auto r = sdk::result::delivered();
    r.detail = "every recipient had been reached by an earlier attempt";
    r.external_reference = "<" + mail_.message_id + ">";
    complete(std::move(r));
    return false;
  }
  const auto whole = mime_source(std::move(*frame), content());
  out_->size = whole->size().value_or(0);
  if (mail_.attachment && !what_.in_memory()) {
    out_->source = whole;
    return true;
  }
  auto all = read_all(*whole);
  if (!all) complete(judge_connection(transfer::ending::body_failed, "the content could not be read"));
  if (all) out_->content = message_ = std::move(*all);
  return all.has_value();
}

void smtp_attempt::transmit() {
  if (!out_) {
    out_ = std::make_shared<smtp_mail>();
    const auto& envelope = target_->settings.smtp.envelope_from;
    out_->sender = envelope.empty() ? target_->settings.from.spec() : envelope;
  }
  auto self = std::static_pointer_cast<smtp_attempt>(shared_from_this());
  auto call =
      std::make_shared<smtp_call>(target_->smtp, deadline_, [self](const smtp_outcome& what, const std::string& protection) {
        try {
          self->answered(what, protection);
        } catch (const std::exception&) {
          // Its completion answers for itself.
        }
      });
  {
    const std::lock_guard lock{mutex_};
    call_ = call;
  }
  call->start(token_, out_);
  if (canceled()) interrupt();
}

void smtp_attempt::interrupt() {
  const std::lock_guard lock{mutex_};
  if (call_) call_->abort({transfer::ending::canceled, "canceled"});
}

void smtp_attempt::answered(const smtp_outcome& what, const std::string& protection) {
  {
    const std::lock_guard lock{mutex_};
    call_.reset();
  }
  const bool refused_token = what.stage == smtp_stage::authentication && !what.fault && what.reply.code >= 400;
  if (refused_token && renew()) return;
  std::size_t news = 0;
  if (what_ && what.good())
    for (std::size_t i = 0; i < what.recipients.size(); ++i)
      if (what.recipients[i].positive()) news += reached_.insert(digest_of(out_->recipients[i])).second ? 1 : 0;
  auto r = judge_smtp(what, target_->settings.smtp.partial, reached_before_);
  // A server that greylists takes nothing for some minutes, however often it is asked.
  if (r.what == sdk::action::retry && (r.code == 450 || r.code == 451))
    r.retry_after_ms = static_cast<std::uint64_t>(std::chrono::milliseconds{target_->settings.smtp.greylist_delay}.count());
  if (what_ && r.what == sdk::action::delivered) r.external_reference = "<" + mail_.message_id + ">";
  r.request = request_text();
  r.response = response_text(what, protection);
  if (news > 0 && r.what != sdk::action::delivered) return remember(std::move(r));
  complete(std::move(r));
}

/// Before the result is known, so that no other attempt can come first.
void smtp_attempt::remember(sdk::result r) {
  plugin_reactor().offload([self = std::static_pointer_cast<smtp_attempt>(shared_from_this()), r = std::move(r)] {
    if (self->target_->host->state_put(self->state_key(), to_text(json(self->reached_))) != WB_OK)
      self->target_->host->log(sdk::log_level::warning,
                               "it could not be stored which recipients have a mail; another attempt will reach them again");
    self->complete(r);
  });
}

std::string smtp_attempt::request_text() const {
  const auto& to = target_->settings.smtp;
  json out{{"provider", "smtp"},
           {"server", to.host + ":" + std::to_string(to.port)},
           {"security", name_of(to.security)},
           {"sender", out_->sender}};
  if (!what_) return to_text(out);
  const auto count = std::min(out_->recipients.size(), most_recorded);
  out["recipients"] =
      std::vector<std::string>(out_->recipients.begin(), out_->recipients.begin() + static_cast<std::ptrdiff_t>(count));
  out["recipientCount"] = out_->recipients.size();
  out["messageBytes"] = out_->size;
  auto text = to_text(out);
  text.insert(text.size() - 1, mail_record());
  return text;
}

std::string smtp_attempt::response_text(const smtp_outcome& what, const std::string& protection) const {
  json out = what.reply.code != 0 ? to_json(what.reply) : json::object();
  out["stage"] = std::string{name_of(what.stage)};
  if (!protection.empty()) out["protection"] = protection;
  // Those who were refused first: they are what is looked for.
  for (const bool accepted : {false, true})
    for (std::size_t i = 0; i < what.recipients.size() && out["recipients"].size() < most_recorded; ++i) {
      if (what.recipients[i].positive() != accepted) continue;
      auto one = to_json(what.recipients[i]);
      one["address"] = out_->recipients[i];
      one["accepted"] = accepted;
      out["recipients"].push_back(std::move(one));
    }
  if (out["recipients"].is_null()) out.erase("recipients");
  return scrubbed(to_text(out));
}

}  // namespace waybill::email
