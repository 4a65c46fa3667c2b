// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/commands/commands.hpp"
#include "cli/delivery_body.hpp"

namespace waybill::cli {

/// The options of `waybill deliver`.
struct deliver_options {
  std::vector<std::string> files;
  delivery_options delivery;
  std::string idempotency_key;
  bool as_text = false;
  bool upload = false;  ///< as bytes, whatever they are
  bool lines = false;   ///< each line of the one file is a delivery
  bool again = false;   ///< no idempotency key of our own making
  bool wait = false;
  double timeout_seconds = 60;
  std::size_t connections = 8;
  int max_tries = 8;
};

/// One file, or one standard input.
[[nodiscard]] outcome<exit_code> deliver_one(context& where, const deliver_options& options, const delivery_body& body);
/// Several files, or the lines of one: in parallel, with a progress bar on a terminal, each with an idempotency key, so that
/// a second call sends nothing twice.
[[nodiscard]] outcome<exit_code> deliver_many(context& where, const deliver_options& options, const delivery_body& body);

/// The part of a path behind its last slash; empty for standard input.
[[nodiscard]] std::string filename_of(const std::string& path);

}  // namespace waybill::cli
