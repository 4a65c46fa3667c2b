// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <waybill/handler.hpp>

namespace waybill::download {

/// The handler of one destination: asks the host for a link to each delivery's content. The host serves the link; the delivery
/// is done once the link exists. Made and closed by the host; blocks for one commit of its store, on the host's pool.
class download_handler final : public sdk::handler {
public:
  [[nodiscard]] static sdk::plugin_info info();
  static void validate(std::string_view config, sdk::fault_sink& faults);
  [[nodiscard]] static std::unique_ptr<download_handler> open(std::string_view config, sdk::handler_context context,
                                                              sdk::fault_sink& faults);

  download_handler(std::string options, sdk::handler_context host) : options_(std::move(options)), host_(host) {}

  /// Whether the node serves links and would make one like this. Makes none.
  void test_connection(std::int64_t deadline_ms, sdk::completion&& done) override;
  void deliver(const sdk::delivery& what, sdk::completion&& done) override;

private:
  std::string options_;  ///< the configuration: its members are the options of a link
  sdk::handler_context host_;
};

}  // namespace waybill::download
