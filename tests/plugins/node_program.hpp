// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace waybill::testing {

/// A program, of node unless another interpreter is named, that prints `listening on PORT`; runs until its object ends.
class node_program {
public:
  node_program(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {},
               const std::string& interpreter = "node");
  ~node_program();
  [[nodiscard]] std::string url(std::string_view path) const;

private:
  struct running;
  std::unique_ptr<running> running_;
};

}  // namespace waybill::testing
