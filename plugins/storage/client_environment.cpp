// SPDX-License-Identifier: Apache-2.0
#include "client_environment.hpp"

#include <string>
#include <utility>

#include "azure_client.hpp"
#include "gcs_client.hpp"
#include "local_client.hpp"
#include "s3_client.hpp"

namespace waybill::storage {
namespace {

struct client_maker {
  client_environment with;
  [[nodiscard]] std::shared_ptr<store_client> operator()(const s3_settings& s) const { return make_s3_client(s, with); }
  [[nodiscard]] std::shared_ptr<store_client> operator()(const azure_settings& s) const { return make_azure_client(s, with); }
  [[nodiscard]] std::shared_ptr<store_client> operator()(const gcs_settings& s) const { return make_gcs_client(s, with); }
  [[nodiscard]] std::shared_ptr<store_client> operator()(const local_settings& s) const { return make_local_client(s, with); }
};

}  // namespace

transfer::endpoint_options client_environment::way() const {
  transfer::endpoint_options options;
  options.tls = connection.tls;
  options.proxy = connection.proxy;
  options.connect_timeout = connection.connect_timeout;
  options.http = transfer::http_versions::one_only;
  options.headers.add("User-Agent", "Waybill/" + std::string{sdk::engine_version()});
  options.belong_to(host);
  return options;
}

std::shared_ptr<store_client> make_client(const provider_settings& settings, client_environment with) {
  return std::visit(client_maker{std::move(with)}, settings);
}

}  // namespace waybill::storage
