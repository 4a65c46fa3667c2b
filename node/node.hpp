// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/config/config.hpp"
#include "core/model/error.hpp"

namespace waybill::node {

/// One running node: data folder, store, plugins, engine and REST surface, wired together and started in that order, stopped
/// in the opposite one.
class node {
public:
  [[nodiscard]] static core::result<std::unique_ptr<node>> start(core::config settings);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string operator_key_path() const;
  /// Stops accepting, lets attempts under way finish within the grace time of the settings, hands back the rest. Blocks.
  void stop();

private:
  node();
  struct floors;
  std::unique_ptr<floors> floors_;
};

}  // namespace waybill::node
