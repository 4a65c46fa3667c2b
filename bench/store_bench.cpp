// SPDX-License-Identifier: Apache-2.0
// What the store costs per delivery: CPU of the whole process (writer and checkpointer) for accept and for record, in batches
// of fixed size, and through the store writer under closed-loop clients.
// Usage: waybill_store_bench [FOLDER [COUNT [BATCH]]], or a postgresql:// URL of an empty database instead of FOLDER; with
// BATCH only batches of that size, for a profiler; with BATCH "backlog" what a start and its readers cost over COUNT waiting
// tasks of 10,000 destinations.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "core/model/id.hpp"
#include "core/queue/task_rank.hpp"
#include "core/store/store.hpp"
#include "core/store/store_writer.hpp"

using namespace waybill::core;

namespace {

struct sizes {
  std::size_t content = 1024;
  std::size_t request = 500;
  std::size_t response = 200;
};

double cpu_us() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

double wall_us() {
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
T must(result<T> value) {
  if (value) return std::move(*value);
  std::fprintf(stderr, "%s\n", value.error().message.c_str());
  std::exit(1);
}
void must(const result<void>& value) {
  if (value) return;
  std::fprintf(stderr, "%s\n", value.error().message.c_str());
  std::exit(1);
}

/// A fresh store with one organization and some destinations.
struct bench_store {
  explicit bench_store(const std::string& folder, std::size_t destinations_wanted) {
    const bool server = folder.find("://") != std::string::npos;
    const auto path = folder + "/store_bench.db";
    if (!server)
      for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + end);
    where = must(open_store(server ? folder : "sqlite://" + path));
    session = must(where->open_writer());
    must(session->begin());
    organization o;
    o.id = org = organization_id::make();
    o.name = "bench";
    must(session->create_organization(o));
    for (std::size_t i = 0; i < destinations_wanted; ++i) {
      destination d;
      d.id = destination_id::make();
      d.organization = org;
      d.type = "webhook";
      d.label = "bench";
      d.config = nlohmann::json::object();
      must(session->create_destination(d, {}));
      destinations.push_back(d.id);
    }
    must(session->commit());
  }

  new_delivery make(std::size_t number) const {
    auto d = std::make_shared<delivery>();
    d->id = delivery_id::make();
    d->organization = org;
    d->created_at = time.now();
    d->payload_type = "report";
    d->content_type = "application/json";
    d->content.assign(size.content, static_cast<char>('a' + number % 26));
    d->traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    task t;
    t.id = task_id::make();
    t.delivery = d->id;
    t.organization = org;
    t.destination = destinations[number % destinations.size()];
    t.created_at = t.due_at = d->created_at;
    t.rank = rank_of(t.created_at, t.priority, usual_ageing_step);
    t.owner_epoch = 1;
    return {std::move(d), {t}, std::nullopt};
  }

  attempt_record outcome(const new_delivery& of) const {
    attempt_record r;
    r.before = of.tasks.front();
    r.made.id = attempt_id::make();
    r.made.task = r.before.id;
    r.made.number = 1;
    r.made.started_at = time.now();
    r.made.duration = milliseconds{2};
    r.made.result.action = attempt_action::delivered;
    r.made.result.category = failure_category::none;
    r.made.result.code = 200;
    r.made.result.request.assign(size.request, 'q');
    r.made.result.response.assign(size.response, 'r');
    r.attempts_after = 1;
    r.payload_size = size.content;
    r.idempotency_key = r.before.id.to_string();
    return r;
  }

  sizes size;
  system_clock time;
  std::unique_ptr<store> where;
  std::unique_ptr<write_session> session;
  organization_id org;
  std::vector<destination_id> destinations;
};

struct cost {
  double cpu = 0;
  double wall = 0;
  template <class Work>
  void measure(Work work) {
    const double cpu_before = cpu_us(), wall_before = wall_us();
    work();
    cpu += cpu_us() - cpu_before;
    wall += wall_us() - wall_before;
  }
};

void run_batches(const std::string& folder, std::size_t batch, std::size_t count, std::size_t destinations) {
  bench_store bench(folder, destinations);
  auto& session = *bench.session;
  cost accepts, records;
  std::size_t done = 0;
  while (done < count) {
    std::vector<std::vector<new_delivery>> rounds(std::max<std::size_t>(1, 500 / batch));
    std::vector<std::vector<attempt_record>> outcomes(rounds.size());
    for (std::size_t r = 0; r < rounds.size(); ++r)
      for (std::size_t i = 0; i < batch; ++i) {
        rounds[r].push_back(bench.make(done++));
        outcomes[r].push_back(bench.outcome(rounds[r].back()));
      }
    accepts.measure([&] {
      for (const auto& round : rounds) {
        must(session.begin_foreseen());
        must(session.accept(round, bench.time.now()));
        must(session.commit());
      }
    });
    records.measure([&] {
      for (const auto& round : outcomes) {
        must(session.begin_foreseen());
        must(session.record(round, bench.time.now()));
        must(session.commit());
      }
    });
  }
  const auto each = [&](double us) { return us / static_cast<double>(done); };
  std::printf("batch %4zu, %5zu destinations: CPU us accept %6.1f record %6.1f sum %6.1f | wall us %6.1f %6.1f -> %7.0f/s\n",
              batch, destinations, each(accepts.cpu), each(records.cpu), each(accepts.cpu + records.cpu), each(accepts.wall),
              each(records.wall), 1e6 / each(accepts.wall + records.wall));
  std::fflush(stdout);
}

/// `clients` at a time: each accepts, then records, then begins anew.
void run_writer(const std::string& folder, std::size_t clients, std::size_t count, std::chrono::microseconds interval) {
  bench_store bench(folder, 1);
  store_writer::options settings;
  settings.min_commit_interval = interval;
  store_writer writer(std::move(bench.session), bench.time, settings);
  std::vector<std::pair<new_delivery, attempt_record>> work;
  for (std::size_t i = 0; i < count; ++i) {
    auto request = bench.make(i);
    auto outcome = bench.outcome(request);
    work.emplace_back(std::move(request), std::move(outcome));
  }
  std::vector<double> latencies(count);
  std::mutex mutex;
  std::condition_variable finished;
  std::size_t next = 0, done = 0;
  std::function<void()> begin_one = [&] {
    const auto i = next++;
    if (i >= count) return;
    const auto began = wall_us();
    writer.accept(work[i].first, [&, i, began](result<accept_result> answer) {
      must(std::move(answer));
      latencies[i] = wall_us() - began;
      writer.record(std::move(work[i].second), [&](result<record_result> recorded) {
        must(std::move(recorded));
        begin_one();
        const std::lock_guard lock(mutex);
        if (++done == count) finished.notify_one();
      });
    });
  };
  cost all;
  all.measure([&] {
    // Begun on the writer's thread, where everything after it runs: `next` needs no lock.
    writer.run([](write_session&) -> result<void> { return {}; },
               [&](result<void>) {
                 for (std::size_t i = 0; i < clients; ++i) begin_one();
               });
    std::unique_lock lock(mutex);
    finished.wait(lock, [&] { return done == count; });
  });
  writer.stop();
  std::sort(latencies.begin(), latencies.end());
  const auto stats = writer.stats();
  const auto n = static_cast<double>(count);
  std::printf(
      "writer, %3zu clients, interval %4ld us: CPU us %6.1f, %7.0f/s, %5.1f operations per commit, accept p50 %.2f p99 "
      "%.2f max %.2f ms\n",
      clients, static_cast<long>(interval.count()), all.cpu / n, 1e6 * n / all.wall,
      static_cast<double>(stats.operations) / static_cast<double>(stats.commits), latencies[count / 2] / 1e3,
      latencies[count * 99 / 100] / 1e3, latencies.back() / 1e3);
  std::fflush(stdout);
}

template <class Work>
void time_of(const char* what, Work work) {
  cost once;
  once.measure([&] { must(work()); });
  std::printf("  %-40s %9.2f ms wall %9.2f ms CPU\n", what, once.wall / 1e3, once.cpu / 1e3);
  std::fflush(stdout);
}

/// What the node does at a start, and what its readers ask for, while a great many tasks wait.
void run_backlog(const std::string& folder, std::size_t count) {
  bench_store bench(folder, 10'000);
  auto& session = *bench.session;
  for (std::size_t done = 0; done < count;) {
    std::vector<new_delivery> batch;
    for (; batch.size() < 2'000 && done < count; ++done) batch.push_back(bench.make(done));
    must(session.begin());
    must(session.accept(batch, bench.time.now()));
    must(session.commit());
  }
  const auto now = bench.time.now();
  const auto first = bench.destinations.front();
  const auto org = bench.org;
  delivery_filter waiting;
  waiting.status = delivery_status::queued;
  delivery_filter by_destination;
  by_destination.destination = first;
  std::printf("%zu waiting, 10,000 destinations\n", count);
  time_of("take over all shards", [&] {
    must(session.begin());
    auto epoch = session.take_over_shards("bench", now);
    must(session.commit());
    return epoch;
  });
  time_of("waiting destinations", [&] { return session.waiting_destinations(); });
  time_of("claim 1,000 of one destination", [&] {
    must(session.begin());
    auto claimed = session.claim(first, 1'000, now, milliseconds{0}, 1'000, {});
    must(session.commit());
    return claimed;
  });
  time_of("count the whole queue", [&] { return session.whole_queue(now); });
  time_of("count the organization's queue", [&] { return session.queue(org, now); });
  time_of("reconcile", [&] { return session.reconcile(); });
  time_of("newest page of what waits", [&] { return session.list_deliveries(org, waiting, {}); });
  time_of("newest page of one destination", [&] { return session.list_deliveries(org, by_destination, {}); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50'000;
  if (argc > 3 && std::string(argv[3]) == "backlog") {
    run_backlog(folder, count);
    return 0;
  }
  if (argc > 3) {
    run_batches(folder, std::max<std::size_t>(1, std::strtoull(argv[3], nullptr, 10)), count, 1);
    return 0;
  }
  for (const std::size_t batch : {1u, 8u, 32u, 100u}) run_batches(folder, batch, std::max<std::size_t>(500, count), 1);
  run_batches(folder, 100, count, 1'000);
  for (const int interval : {0, 500, 1'000, 2'000}) run_writer(folder, 64, count, std::chrono::microseconds(interval));
  for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(folder + "/store_bench.db" + end);
}
