// SPDX-License-Identifier: Apache-2.0
#include "node/store_place.hpp"

namespace waybill::node {

std::string store_url(const core::config& settings) {
  return settings.store.url.empty() ? "sqlite://" + settings.data_dir + "/waybill.db" : settings.store.url;
}

core::server_settings store_server(const core::config& settings) {
  const auto& s = settings.store;
  return {s.password_file, s.tls_mode, s.tls_ca, s.tls_certificate, s.tls_key, s.connect_timeout, s.statement_timeout};
}

}  // namespace waybill::node
