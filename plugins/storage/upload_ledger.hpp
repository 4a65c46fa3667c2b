// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <waybill/host_gate.hpp>

namespace waybill::storage {

/// An upload that was begun and not ended.
struct open_upload {
  std::string key;
  std::string sha256;         ///< of the content, hex: another content under the same name begins anew
  std::string id;             ///< the provider's own: upload id, session URL, …
  std::int64_t begun_ms = 0;  ///< Unix time
};

/// The open uploads of a destination, by resume name, in the host's durable store, so that an attempt after a failure or a
/// restart takes up where the last one ended, and that none is forgotten at the provider. One commit when an upload begins
/// and one when it ends. All of them are one value of the store: as many as fit are remembered. Thread-safe; every member
/// blocks, so call it on a worker.
class upload_ledger {
public:
  explicit upload_ledger(std::shared_ptr<sdk::host_gate> host) : host_(std::move(host)) {}

  [[nodiscard]] std::optional<open_upload> find(const std::string& name);
  /// False if there is no room or the store failed: then the upload is not to be left open.
  bool add(const std::string& name, const open_upload& what);
  void remove(const std::string& name);
  [[nodiscard]] std::vector<std::pair<std::string, open_upload>> begun_before(std::int64_t unix_ms);

private:
  void load();
  bool save();

  std::shared_ptr<sdk::host_gate> host_;
  std::mutex mutex_;
  bool loaded_ = false;                      ///< guarded
  std::map<std::string, open_upload> open_;  ///< guarded
};

/// Reads what save wrote; entries it does not understand are passed over.
[[nodiscard]] std::map<std::string, open_upload> read_uploads(std::string_view text);

}  // namespace waybill::storage
