// SPDX-License-Identifier: Apache-2.0
// waybill_transfer_bench URL [count] [in flight] [bytes] [endpoints]: posts to URL over keep-alive connections and says what an
// exchange costs: exchanges per second, and microseconds of CPU each, of the reactor thread and of this process.
#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include <waybill/transfer/reactor.hpp>

namespace {

using waybill::transfer::endpoint;
using waybill::transfer::endpoint_ptr;
using waybill::transfer::exchange;
using waybill::transfer::outcome;
using waybill::transfer::reactor;

struct run {
  reactor& to;
  std::vector<endpoint_ptr> targets;
  std::string body;
  long left;  // to be submitted; reactor thread once it runs
  long under_way = 0;
  long answered = 0;
  long failed = 0;
  std::mutex mutex;
  std::condition_variable done;
};

class post final : public exchange {
public:
  explicit post(run& r) : exchange(r.targets[static_cast<std::size_t>(r.left) % r.targets.size()]), run_(r) {
    headers.reserve(10, 600);
    headers.add("Content-Type", "application/json");
    headers.add("Idempotency-Key", "tsk_01HV4Z8M4XK2Q8R7T6S5P4N3M2");
    headers.add("X-Delivery-Timestamp", "2026-01-31T09:15:00.123Z");
    headers.add("X-Delivery-Id", "dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2");
    headers.add("X-Delivery-Attempt", "1");
    headers.add("webhook-id", "dlv_01HV4Z8M4XK2Q8R7T6S5P4N3M2");
    headers.add("webhook-timestamp", "1769850900");
    headers.add("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    body.borrowed = r.body;
    deadline = clock::now() + std::chrono::seconds{30};
  }
  void finished(std::unique_ptr<exchange>, const outcome& what) noexcept override {
    const std::lock_guard lock{run_.mutex};
    ++(what.status == 200 ? run_.answered : run_.failed);
    if (what.status != 200 && run_.failed == 1)
      std::fprintf(stderr, "first failure: %d %s\n", what.status, what.detail.c_str());
    if (run_.left > 0) {
      --run_.left;
      run_.to.submit(std::make_unique<post>(run_));
    } else if (--run_.under_way == 0) {
      run_.done.notify_one();
    }
  }

private:
  run& run_;
};

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("waybill_transfer_bench URL [count] [in flight] [bytes] [endpoints]\n", stderr);
    return 2;
  }
  const long count = argc > 2 ? std::atol(argv[2]) : 100'000;
  const long in_flight = argc > 3 ? std::atol(argv[3]) : 64;
  const long endpoints = argc > 5 ? std::atol(argv[5]) : 1;
  const auto bytes = static_cast<std::size_t>(argc > 4 ? std::atol(argv[4]) : 1'024);

  reactor engine;
  waybill::transfer::endpoint_options options;
  options.url = argv[1];
  options.guard = [](const std::uint8_t*, std::uint32_t, std::uint16_t) { return true; };
  std::vector<endpoint_ptr> targets;
  for (long i = 0; i < endpoints; ++i) targets.push_back(std::make_shared<const endpoint>(options));
  run r{engine, std::move(targets), std::string(bytes, 'x'), count - in_flight, in_flight, 0, 0, {}, {}};

  const auto start = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  for (long i = 0; i < in_flight; ++i) engine.submit(std::make_unique<post>(r));
  {
    std::unique_lock lock{r.mutex};
    r.done.wait(lock, [&] { return r.under_way == 0; });
  }
  const double used = cpu_seconds() - cpu;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%ld exchanges, %ld failed, %ld in flight, %zu bytes, %ld endpoints: %.0f/s, %.1f us CPU each, %ld KiB at most\n",
              count, r.failed, in_flight, bytes, endpoints, static_cast<double>(count) / took.count(),
              used * 1e6 / static_cast<double>(count), usage.ru_maxrss);
  return r.failed == 0 ? 0 : 1;
}
