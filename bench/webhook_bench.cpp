// SPDX-License-Identifier: Apache-2.0
// waybill_webhook_bench PLUGIN URL [count] [in flight] [bytes]: one destination, one signing secret, envelope, as the engine
// would drive the plugin, and says what a delivery costs in microseconds of CPU, its result copied by nobody.
#include <time.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "tests/plugins/fake_host.hpp"

namespace {

using waybill::testing::fake_context;
using waybill::testing::fake_delivery;
using waybill::testing::fake_host;
using waybill::testing::loaded_plugin;
using waybill::testing::to_str;

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("waybill_webhook_bench PLUGIN URL [count] [in flight] [bytes]\n", stderr);
    return 2;
  }
  const long count = argc > 3 ? std::atol(argv[3]) : 100'000;
  const long in_flight = argc > 4 ? std::atol(argv[4]) : 64;
  const auto bytes = static_cast<std::size_t>(argc > 5 ? std::atol(argv[5]) : 1'024);

  auto& host = fake_host::instance();
  const loaded_plugin plugin{argv[1]};
  std::mutex mutex;
  std::condition_variable came;
  long done = 0;
  long failed = 0;
  long sent = 0;
  std::string first_failure;
  host.on_complete = [&](wb_token, const wb_result* r) {
    const std::lock_guard lock{mutex};
    ++done;
    if (r->action != WB_ACTION_DELIVERED && ++failed == 1) first_failure = std::string{waybill::testing::to_view(r->detail)};
    came.notify_one();
  };
  const std::string config =
      std::string{R"({"url":")"} + argv[2] +
      R"(","signingSecrets":[{"id":"1","algorithm":"hmac-sha256","secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]})";
  fake_context context;
  wb_handler* handler = nullptr;
  if (plugin->open(to_str(config), context.raw(), &handler, nullptr, nullptr) != WB_OK) return 2;
  fake_delivery delivery;
  delivery.content = "{\"text\":\"" + std::string(bytes - 11, 'x') + "\"}";
  delivery.timeout_ms = 30'000'000;
  const auto* raw = delivery.fill();

  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  std::unique_lock lock{mutex};
  while (done < count) {
    const long room = std::min(in_flight - (sent - done), count - sent);
    lock.unlock();
    for (long i = 0; i < room; ++i) plugin->deliver(handler, raw, static_cast<wb_token>(sent + i + 1));
    lock.lock();
    sent += room;
    came.wait(lock, [&] { return sent - done < in_flight; });
  }
  const double used = cpu_seconds() - cpu;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%ld deliveries, %ld failed, %ld in flight, %zu bytes: %.0f/s, %.1f us CPU each %s\n", count, failed, in_flight,
              bytes, static_cast<double>(count) / took.count(), used * 1e6 / static_cast<double>(count), first_failure.c_str());
  return failed == 0 ? 0 : 1;
}
