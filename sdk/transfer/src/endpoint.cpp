// SPDX-License-Identifier: Apache-2.0
#include <waybill/transfer/endpoint.hpp>

#include <atomic>
#include <utility>

namespace waybill::transfer {
namespace {

std::atomic<std::uint64_t> last_id{0};

}  // namespace

endpoint::endpoint(endpoint_options options)
    : options_(std::move(options)), id_(++last_id), fixed_headers_(options_.headers.chain()) {}

void endpoint_options::belong_to(std::shared_ptr<sdk::host_gate> gate) {
  guard = [gate](const std::uint8_t* address, std::uint32_t size, std::uint16_t port) {
    return gate->connect_allowed(address, size, port);
  };
  host = std::move(gate);
}

bool initialize() {
  // Since 7.84 the call itself is safe against other threads that initialize libcurl in the same process.
  static const bool done = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
  return done;
}

}  // namespace waybill::transfer
