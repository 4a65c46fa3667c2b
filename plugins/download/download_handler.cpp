// SPDX-License-Identifier: Apache-2.0
#include "download_handler.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "config.hpp"
#include "schema.hpp"

namespace waybill::download {
namespace {

sdk::result failed(sdk::action what, sdk::category why, std::string detail, std::string message) {
  sdk::result r;
  r.what = what;
  r.why = why;
  r.detail = std::move(detail);
  r.message = std::move(message);
  return r;
}

/// Texts of README.md.
sdk::result refusal(std::uint32_t status) {
  switch (status) {
    case WB_REFUSED:
      return failed(
          sdk::action::reject, sdk::category::configuration,
          "the node makes no link with these options: see downloads.maxExpiryHours, and the ranges and the base URL of "
          "the destination",
          "The download link could not be made: its configuration is not accepted.");
    case WB_NOT_FOUND:
      return failed(sdk::action::reject, sdk::category::configuration, "this host serves no download links",
                    "The download link could not be made: this service offers none.");
    default:
      return failed(sdk::action::retry, sdk::category::system, "the link could not be stored; the node's log says why",
                    "The download link could not be made yet.");
  }
}

}  // namespace

sdk::plugin_info download_handler::info() {
  sdk::plugin_info info;
  info.type = "download";
  info.title = "Download link";
  info.version = plugin_version;
  info.config_schema = config_schema;
  // Streaming: the content is not even looked at.
  info.features = WB_FEATURE_BLOCKING | WB_FEATURE_STREAMING;
  return info;
}

void download_handler::validate(std::string_view config, sdk::fault_sink& faults) { check_config(config, faults); }

std::unique_ptr<download_handler> download_handler::open(std::string_view config, sdk::handler_context context,
                                                         sdk::fault_sink& faults) {
  check_config(config, faults);
  if (faults.count() > 0) return nullptr;
  return std::make_unique<download_handler>(std::string{config}, context);
}

void download_handler::test_connection(std::int64_t, sdk::completion&& done) {
  const auto status = host_.check_link(options_);
  std::move(done)(status == WB_OK ? sdk::result::delivered() : refusal(status));
}

void download_handler::deliver(const sdk::delivery& what, sdk::completion&& done) {
  std::string link;
  const auto status = host_.link_create(what.raw(), options_, link);
  if (status != WB_OK) return std::move(done)(refusal(status));
  auto made = sdk::result::delivered();
  made.external_reference = std::move(link);
  std::move(done)(std::move(made));
}

}  // namespace waybill::download
