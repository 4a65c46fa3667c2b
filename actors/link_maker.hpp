// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "actors/engine_context.hpp"

namespace waybill::actors {

/// Makes download links for handlers. Called from plugin threads, never from actors: `make` blocks for one commit.
class link_maker {
public:
  explicit link_maker(engine_context& context) : context_(context) {}

  /// The whole link. The same delivery, destination and options get the same one again, as long as it can be used.
  core::result<std::string> make(core::destination_id id, const core::delivery& of, std::string_view options);
  [[nodiscard]] core::result<void> check(std::string_view options) const;

private:
  [[nodiscard]] core::download_link draft(core::destination_id id, const core::delivery& of, std::string_view text,
                                          const core::link_options& options, std::string base) const;

  /// The same destination asks with the same password for every link: it is hashed once.
  [[nodiscard]] std::string password_hash(const core::sha256_digest& options_hash, const core::link_options& options) const;

  engine_context& context_;
  mutable std::mutex mutex_;
  mutable std::map<core::sha256_digest, std::string> hashes_;  ///< by what was asked for
};

}  // namespace waybill::actors
