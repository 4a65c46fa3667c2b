// SPDX-License-Identifier: Apache-2.0
// A journal: appends a line to a file for every delivery.
#include <waybill/handler.hpp>

#include <fstream>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace sdk = waybill::sdk;

class journal final : public sdk::handler {
public:
  static sdk::plugin_info info() {
    sdk::plugin_info info;
    info.type = "journal";
    info.title = "Journal";
    info.version = "1.0.0";
    info.config_schema = R"({
      "type": "object", "title": "Journal", "required": ["file"], "additionalProperties": false,
      "properties": {"file": {"type": "string", "title": "File", "description": "Absolute path of the journal."}}})";
    info.features = WB_FEATURE_BLOCKING;  // writing to a file may take a while: run us on the engine's pool
    return info;
  }

  // What the schema cannot say; every fault, not the first.
  static void validate(std::string_view config, sdk::fault_sink& faults) {
    const auto file = nlohmann::json::parse(config).at("file").get<std::string>();
    if (file.empty() || file.front() != '/') faults("/file", "absolute", "The path must begin with a slash.");
  }

  static std::unique_ptr<journal> open(std::string_view config, sdk::handler_context, sdk::fault_sink&) {
    return std::make_unique<journal>(nlohmann::json::parse(config).at("file").get<std::string>());
  }

  explicit journal(std::string file) : file_(std::move(file)) {}

  void test_connection(std::int64_t, sdk::completion&& done) override {
    const bool is_writable = std::ofstream{file_, std::ios::app}.good();
    done(is_writable ? sdk::result::delivered() : sdk::result::reject(sdk::category::configuration, "cannot write " + file_));
  }

  void deliver(const sdk::delivery& what, sdk::completion&& done) override {
    std::ofstream out{file_, std::ios::app};
    out << what.task_id() << ' ' << what.filename() << ' ' << what.size() << std::endl;
    if (!out) return done(sdk::result::retry(sdk::category::system, "cannot write " + file_));
    auto outcome = sdk::result::delivered();
    outcome.external_reference = what.task_id();
    done(outcome);
  }

private:
  const std::string file_;
};

WAYBILL_PLUGIN(journal);
