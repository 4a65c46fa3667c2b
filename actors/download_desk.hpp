// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/engine_context.hpp"
#include "core/download_service.hpp"
#include "core/links/link_password.hpp"

namespace waybill::actors {

/// Serves whoever comes with the token of a download link: proves token, time, address, count and password, in this order;
/// counts the access; writes the log. What is refused is answered the same and as fast whatever the reason: the line of the
/// log is written behind the answer. Owned by the service. Thread-safe; never blocks.
class download_desk {
public:
  template <class T>
  using answer = core::download_answer<T>;

  explicit download_desk(engine_context& context) : context_(context) {}

  void open(core::download_request request, answer<core::open_download_ptr> reply);
  void note(const core::open_download& who, core::access_outcome outcome);
  void begin(const core::open_download& who, std::uint64_t bytes, bool is_part, answer<std::uint64_t> reply);
  void read(const core::open_download& who, std::uint64_t offset, answer<std::shared_ptr<const std::string>> reply);
  void end(const core::open_download& who, std::uint64_t access, std::uint64_t bytes);

private:
  /// A request on its way through the checks.
  struct visit {
    core::download_request request;
    core::download_link link;
    answer<core::open_download_ptr> reply;
  };
  using visit_ptr = std::shared_ptr<visit>;

  /// On a reader's thread.
  void look(core::read_session& session, const visit_ptr& v);
  /// Why not, apart from the password; nothing if all is well.
  [[nodiscard]] core::result<std::optional<core::access_outcome>> obstacle(core::read_session& session, const visit& v) const;
  void check_password(core::read_session& session, const visit_ptr& v);
  void verify(const visit_ptr& v);
  void let_in(core::read_session& session, const visit_ptr& v);
  void refuse(const visit& v, core::access_outcome outcome);
  void write_line(const core::download_link& link, const std::string& address, const std::string& agent,
                  core::access_outcome outcome);
  [[nodiscard]] core::link_use use_of(const core::download_link& link, const std::string& address,
                                      const std::string& agent) const;
  void read_again(const visit_ptr& v, void (download_desk::*next)(core::read_session&, const visit_ptr&));

  engine_context& context_;
  core::proved_passwords proved_;
};

}  // namespace waybill::actors
