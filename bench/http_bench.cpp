// SPDX-License-Identifier: Apache-2.0
// The HTTP floor alone: the server of api/ over a service that accepts everything and answers from a thread of its own, in
// bursts, as the store writer does. Load it from outside and read its CPU time when it ends:
//
//   waybill_http_bench 127.0.0.1:8099 & wrk -t1 -c64 -d10s -s bench/post.lua http://127.0.0.1:8099/v1/deliveries; kill %1
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "api/server.hpp"
#include "core/telemetry/metrics.hpp"
#include "tests/api/fake_service.hpp"

namespace {

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; }

}  // namespace

int main(int argc, char** argv) {
  using namespace waybill;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  const bool inline_answers = argc > 2 && std::string{argv[2]} == "inline";
  tests::fake_service service{inline_answers ? tests::fake_service::answers::at_once
                                             : tests::fake_service::answers::from_a_thread};
  service.record_calls(false);
  core::metrics metrics;
  const core::system_clock clock;
  api::http_options options;
  options.listen = argc > 1 ? argv[1] : "127.0.0.1:0";
  auto server = api::http_server::start(options, service, metrics, clock);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  std::printf("listening on http://%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&ends, &signal);
  (*server)->stop();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf("cpu: %.3f s user, %.3f s system; peak memory %ld KiB\n", seconds(used.ru_utime), seconds(used.ru_stime),
              used.ru_maxrss);
}
