// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/config/config.hpp"
#include "core/model/error.hpp"
#include "core/model/time.hpp"
#include "core/security/secret_box.hpp"
#include "core/store/store.hpp"

namespace waybill::node {

/// The data folder of one node, made with mode 0700 and held by an exclusive lock for the life of this object: two nodes on
/// one embedded store would fence each other out.
class data_folder {
public:
  [[nodiscard]] static core::result<data_folder> take(const std::string& path);
  ~data_folder();
  data_folder(data_folder&& other) noexcept;
  data_folder& operator=(data_folder&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The key that seals secrets: from the settings, or DIR/master.key, made at the first start.
  [[nodiscard]] core::result<core::master_key> key(const core::config& settings) const;
  /// Makes what a first start makes: the organization `default`, and the operator key in DIR/operator.key with mode 0600. An
  /// operator key file that the store does not know is taken up; nothing is made when the store has a live operator key.
  /// Refuses a store whose secrets were sealed with another master key: nothing in it could be opened.
  [[nodiscard]] core::result<void> prepare(core::store& storage, const core::clock& time, const core::master_key& key) const;
  [[nodiscard]] std::string operator_key_path() const { return path_ + "/operator.key"; }

private:
  data_folder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

}  // namespace waybill::node
