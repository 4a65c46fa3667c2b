// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/model/caller.hpp"
#include "core/model/download_link.hpp"
#include "core/model/error.hpp"
#include "core/store/link_store.hpp"

namespace waybill::core {

/// A link as its owners see it.
struct shown_link {
  download_link link;
  std::string url;
};

struct issued_password {
  shown_link link;
  std::string password;  ///< this once
};

/// Somebody with a token. Nothing of it is proved.
struct download_request {
  std::string token;
  std::string address;
  std::string agent;
  std::optional<std::string> password;
};

/// A request that may see the content: made by open_download, handed back with every later call.
struct open_download {
  download_link link;
  delivery_ptr content;
  std::string address;
  std::string agent;
};
using open_download_ptr = std::shared_ptr<const open_download>;

template <class T>
using download_answer = std::function<void(result<T>)>;  ///< called exactly once, from any thread

/// The part of delivery_service for download links. Keys that read an organization list its links; admins, operators and
/// auditors read who fetched them; admins and operators revoke and issue passwords.
///
/// The other half needs no key. not_found is what every link that cannot be used gives, whatever the reason and also when there
/// is none: nobody can tell these apart. unauthenticated asks for a password.
class download_service {
public:
  virtual ~download_service() = default;
  virtual void list_links(const caller&, link_filter, page_request, download_answer<page<shown_link>>) = 0;
  virtual void get_link(const caller&, link_id, download_answer<shown_link>) = 0;
  virtual void list_link_accesses(const caller&, link_id, page_request, download_answer<page<link_access>>) = 0;
  virtual void revoke_link(const caller&, link_id, download_answer<shown_link>) = 0;
  /// A new one-time password in place of the one before. conflict for a link that takes none or cannot be used any more.
  virtual void issue_link_password(const caller&, link_id, download_answer<issued_password>) = 0;

  virtual void open_download(download_request, download_answer<open_download_ptr>) = 0;
  /// For the log: it was looked at and nothing was fetched.
  virtual void note_download(const open_download_ptr&, access_outcome) = 0;
  /// Counts, durably, before a byte is sent: the number of the access. `is_part`: a Range request.
  virtual void begin_download(const open_download_ptr&, std::uint64_t bytes, bool is_part, download_answer<std::uint64_t>) = 0;
  /// As read_payload of delivery_service.
  virtual void read_download(const open_download_ptr&, std::uint64_t offset,
                             download_answer<std::shared_ptr<const std::string>>) = 0;
  virtual void end_download(const open_download_ptr&, std::uint64_t access, std::uint64_t bytes) = 0;
};

}  // namespace waybill::core
