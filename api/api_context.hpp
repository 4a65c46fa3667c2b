// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/client_address.hpp"
#include "api/rate_limits.hpp"
#include "api/server.hpp"
#include "core/model/time.hpp"
#include "core/service.hpp"
#include "core/telemetry/metrics.hpp"

namespace waybill::api {

class keys_under_way;
[[nodiscard]] std::shared_ptr<keys_under_way> make_keys_under_way();

/// What all requests of one server share. Made by the server, outlives its lanes. All of it may be used from every lane.
struct api_context {
  api_context(http_options o, core::delivery_service& s, core::metrics& m, const core::clock& c)
      : options(std::move(o)), service(s), metrics(m), clock(c), limits(options), keys(make_keys_under_way()) {}

  http_options options;      ///< immutable once the lanes run; public_url is never empty
  client_addresses clients;  ///< likewise
  core::delivery_service& service;
  core::metrics& metrics;
  const core::clock& clock;
  rate_limits limits;
  std::shared_ptr<keys_under_way> keys;  ///< also a reply's that is still on its way when the server ends
  std::atomic<bool> draining{false};
};

}  // namespace waybill::api
