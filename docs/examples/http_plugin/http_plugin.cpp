// SPDX-License-Identifier: Apache-2.0
// PUTs every delivery to a URL: a plugin over waybill::transfer, which never blocks.
#include <waybill/handler.hpp>
#include <waybill/transfer/reactor.hpp>
#include <waybill/transfer/record.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace sdk = waybill::sdk;
namespace transfer = waybill::transfer;

namespace {

/// One for the plugin, so that all of its handlers share connections. Never destroyed: the engine never unloads us.
transfer::reactor& reactor() {
  static auto* the_reactor = new transfer::reactor;
  return *the_reactor;
}

sdk::result judge(const transfer::outcome& what) {
  using transfer::ending;
  if (what.how == ending::canceled) return sdk::result::canceled();
  if (what.how == ending::timed_out) return sdk::result::retry(sdk::category::timeout, what.detail);
  if (what.how != ending::answered) return sdk::result::retry(sdk::category::network, what.detail);
  if (what.status >= 200 && what.status < 300) return sdk::result::delivered(what.status);
  if (what.status == 401 || what.status == 403)
    return sdk::result::reject(sdk::category::authentication, "refused", what.status);
  return sdk::result::retry(sdk::category::remote, "the peer did not take it", what.status);
}

/// One request: what it needs lives in it, and it answers its call whatever happens.
class put final : public transfer::exchange {
public:
  put(transfer::endpoint_ptr to, std::shared_ptr<const transfer::redactor> secrets, sdk::completion&& done,
      std::int64_t deadline_ms)
      : exchange(std::move(to)), secrets_(std::move(secrets)), done_(std::move(done)) {
    id = done_.token();
    deadline = clock::now() + std::chrono::milliseconds{deadline_ms - sdk::monotonic_ms()};
  }
  void keep(const sdk::delivery& what) {
    kept_ = sdk::retained_delivery{what};  // the content must outlive deliver
    body.borrowed = kept_.content();
  }
  void finished(std::unique_ptr<transfer::exchange>, const transfer::outcome& what) noexcept override {
    auto outcome = judge(what);
    outcome.bytes_sent = what.bytes_sent;
    outcome.request = transfer::request_record(*this, *secrets_);
    outcome.response = transfer::response_record(what, *secrets_);
    done_(outcome);
  }

private:
  const std::shared_ptr<const transfer::redactor> secrets_;
  sdk::completion done_;
  sdk::retained_delivery kept_;
};

class put_handler final : public sdk::handler {
public:
  static sdk::plugin_info info() {
    sdk::plugin_info info;
    info.type = "put";
    info.title = "HTTP PUT";
    info.version = "1.0.0";
    info.config_schema = R"({
      "type": "object", "title": "HTTP PUT", "required": ["url"], "additionalProperties": false, "properties": {
        "url": {"type": "string", "title": "URL", "description": "Where to put.", "pattern": "^https?://", "x-order": 1},
        "token": {"type": "string", "title": "Token", "description": "Sent as a bearer token.", "x-secret": true, "x-order": 2}}})";
    return info;
  }
  static void validate(std::string_view, sdk::fault_sink&) {}  // the schema says it all
  static std::unique_ptr<put_handler> open(std::string_view config, sdk::handler_context context, sdk::fault_sink&) {
    return std::make_unique<put_handler>(nlohmann::json::parse(config), context);
  }

  put_handler(const nlohmann::json& config, sdk::handler_context context) {
    auto secrets = std::make_shared<transfer::redactor>();
    transfer::endpoint_options to;
    to.url = config.at("url");
    to.method = "PUT";
    to.guard = [context](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
      return context.connect_allowed(address, size, port);
    };
    if (const auto token = config.value("token", ""); !token.empty()) {
      to.headers.add("Authorization", "Bearer " + token);
      secrets->add(token);
    }
    endpoint_ = std::make_shared<transfer::endpoint>(std::move(to));
    secrets_ = std::move(secrets);
  }

  void test_connection(std::int64_t deadline_ms, sdk::completion&& done) override {
    auto request = std::make_unique<put>(endpoint_, secrets_, std::move(done), deadline_ms);
    request->method = "OPTIONS";
    reactor().submit(std::move(request));
  }
  void deliver(const sdk::delivery& what, sdk::completion&& done) override {
    auto request = std::make_unique<put>(endpoint_, secrets_, std::move(done), what.deadline_ms());
    request->headers.add("Content-Type", what.content_type());
    request->headers.add("Idempotency-Key", what.idempotency_key());
    request->keep(what);
    reactor().submit(std::move(request));
  }
  void cancel(wb_token which) override { reactor().cancel(which); }

private:
  transfer::endpoint_ptr endpoint_;
  std::shared_ptr<const transfer::redactor> secrets_;
};

}  // namespace

WAYBILL_PLUGIN(put_handler);
