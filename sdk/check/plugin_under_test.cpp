// SPDX-License-Identifier: Apache-2.0
#include "sdk/check/plugin_under_test.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/plugin_host/host_table.hpp"
#include "core/security/digest.hpp"
#include "sdk/check/config_variants.hpp"

namespace waybill::sdk::check {
namespace {

/// What is remembered to be searched; a plugin that logs in a loop must not fill the memory.
constexpr std::size_t max_seen = 20'000;

core::queued_task make_task(std::string content) {
  auto d = std::make_shared<core::delivery>();
  d->id = core::delivery_id::make();
  d->organization = core::organization_id::make();
  d->created_at = core::system_clock{}.now();
  d->payload_type = "report";
  d->content_type = "application/json";
  d->filename = "waybill-plugin-check.json";
  d->sha256 = core::sha256(content);
  d->content = std::move(content);
  d->metadata = R"({"source":"waybill-plugin-check"})";
  d->correlation_id = "waybill-plugin-check";
  d->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  core::queued_task out;
  out.state.id = core::task_id::make();
  out.state.delivery = d->id;
  out.state.organization = d->organization;
  out.state.destination = core::destination_id::make();
  out.content = std::move(d);
  return out;
}

}  // namespace

plugin_under_test::plugin_under_test(const options& settings)
    : settings_(settings), host_(time_, core::dynamic_plugin_host::options{}), config_(settings.config) {
  core::observe_plugin_log([this](core::log_level, std::string_view, std::string_view text) { remember(text); });
}

plugin_under_test::~plugin_under_test() { core::observe_plugin_log({}); }

std::string plugin_under_test::load() {
  const auto loaded = host_.load(settings_.library);
  if (!loaded) return loaded.error().message;
  plugin_ = host_.find_plugin((*loaded)->type());
  secrets_ = secrets_of(plugin_->config_schema(), config_);
  if (has(WB_FEATURE_SIGNING_SECRETS)) add_signing_secrets();
  return {};
}

void plugin_under_test::add_signing_secrets() {
  auto list = nlohmann::json::array();
  for (int i = 0; i < 2; ++i) {
    const auto secret = "whsec_" + core::to_base64(core::random_bytes(32));
    secrets_.push_back(secret);
    list.push_back({{"id", core::secret_id::make().to_string()}, {"algorithm", "hmac-sha256"}, {"secret", secret}});
  }
  config_["signingSecrets"] = std::move(list);
}

opened_handler plugin_under_test::open(std::string& why, recording_services::guard policy, core::content_access access) {
  opened_handler out;
  out.services = std::make_shared<recording_services>(policy);
  auto instance = plugin_->open_instance(config_, core::destination_id::make(), out.services, access);
  if (instance) {
    out.instance = std::move(*instance);
    return out;
  }
  why = instance.error().message;
  for (const auto& fault : instance.error().fields)
    why += fmt::format(" [{} {}: {}]", fault.pointer, fault.rule, fault.message);
  remember(why);
  return out;
}

pending_call_ptr plugin_under_test::deliver(const opened_handler& to, std::chrono::milliseconds within, std::string content) {
  auto call = std::make_shared<pending_call>();
  call->token = to.instance->deliver({make_task(std::move(content)), 1, time_.monotonic() + within}, call->completion());
  return call;
}

std::vector<pending_call_ptr> plugin_under_test::deliver_batch(const opened_handler& to, std::chrono::milliseconds within,
                                                               std::vector<std::string> contents) {
  std::vector<core::delivery_call> calls;
  std::vector<core::handler::completion> done;
  std::vector<pending_call_ptr> out;
  const auto deadline = time_.monotonic() + within;
  for (auto& content : contents) {
    out.push_back(std::make_shared<pending_call>());
    calls.push_back({make_task(std::move(content)), 1, deadline});
    done.push_back(out.back()->completion());
  }
  const auto tokens = to.instance->deliver_batch(std::move(calls), std::move(done));
  for (std::size_t i = 0; i < out.size(); ++i) out[i]->token = tokens[i];
  return out;
}

pending_call_ptr plugin_under_test::test_connection(const opened_handler& to, std::chrono::milliseconds within) {
  auto call = std::make_shared<pending_call>();
  call->token = to.instance->test_connection(time_.monotonic() + within, call->completion());
  return call;
}

bool plugin_under_test::wait(const pending_call_ptr& call, std::chrono::milliseconds limit) {
  if (!call->wait(limit)) return false;
  const auto& r = call->result();
  for (const auto* text : {&r.detail, &r.message, &r.request, &r.response, &r.external_reference}) remember(*text);
  return true;
}

void plugin_under_test::remember(std::string_view text) {
  if (text.empty()) return;
  std::lock_guard hold{lock_};
  if (seen_.size() < max_seen) seen_.emplace_back(text);
}

std::vector<std::string> plugin_under_test::places_of_secrets() {
  std::vector<std::string> out;
  std::lock_guard hold{lock_};
  for (const auto& secret : secrets_)
    for (const auto& text : seen_) {
      const auto at = text.find(secret);
      if (at == std::string::npos) continue;
      const auto from = at > 40 ? at - 40 : 0;
      out.push_back(text.substr(from, at + secret.size() - from));
      break;
    }
  return out;
}

}  // namespace waybill::sdk::check
