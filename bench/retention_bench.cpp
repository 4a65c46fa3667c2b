// SPDX-License-Identifier: Apache-2.0
// How long retention holds the store writer: a pass over a history, stage by stage as the node makes it, while a client goes on
// accepting one delivery every few milliseconds. Tells the longest transaction of each stage and what the client waited.
// Usage: waybill_retention_bench [URL [COUNT]]; URL sqlite://PATH (the file is made anew) or postgresql://… (an empty
// database).
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/policy/retention_pass.hpp"
#include "core/queue/task_rank.hpp"
#include "core/security/digest.hpp"
#include "core/store/store.hpp"
#include "core/store/store_writer.hpp"

using namespace waybill::core;

namespace {

constexpr std::size_t batch = 500;
constexpr std::chrono::milliseconds client_every{5};
constexpr milliseconds step_budget{5};  // the node's (actors/retention_actor.cpp)

template <class T>
T must(result<T> value) {
  if (value) {
    if constexpr (!std::is_void_v<T>)
      return std::move(*value);
    else
      return;
  }
  std::fprintf(stderr, "%s\n", value.error().message.c_str());
  std::exit(1);
}

double ms_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

double at_percent(std::vector<double>& values, double percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(static_cast<double>(values.size()) * percent / 100))];
}

void report(const char* what, std::vector<double>& took) {
  std::printf("  %-18s %6zu  p50 %6.2f  p99 %6.2f  max %6.2f ms\n", what, took.size(), at_percent(took, 50),
              at_percent(took, 99), at_percent(took, 100));
}

struct history {
  organization_id org = organization_id::make();
  destination_id to = destination_id::make();

  void begin(write_session& session, utc_time now) const {
    organization o;
    o.id = org;
    o.name = "bench";
    destination d;
    d.id = to;
    d.organization = org;
    d.type = "webhook";
    d.config = nlohmann::json::object();
    d.created_at = o.created_at = now;
    must(session.begin());
    must(session.create_organization(o));
    must(session.create_destination(d, {}));
    must(session.commit());
  }

  new_delivery make(utc_time now) const {
    auto d = std::make_shared<delivery>();
    d->id = delivery_id::make();
    d->organization = org;
    d->created_at = now;
    d->payload_type = "report";
    d->content_type = "application/json";
    d->content = random_bytes(1'024);
    d->correlation_id = "run-" + d->id.to_string();
    d->tags = {"nightly"};
    new_delivery request;
    task t;
    t.id = task_id::make();
    t.delivery = d->id;
    t.organization = org;
    t.destination = to;
    t.owner_epoch = 1;
    t.created_at = t.due_at = now;
    t.rank = rank_of(t.created_at, t.priority, usual_ageing_step);
    request.tasks.push_back(t);
    request.content = std::move(d);
    return request;
  }

  static attempt_record outcome(const new_delivery& of) {
    attempt_record r;
    r.before = of.tasks.front();
    r.attempts_after = 1;
    r.made.id = attempt_id::make();
    r.made.task = r.before.id;
    r.made.number = 1;
    r.made.started_at = r.before.created_at;
    r.made.result.action = attempt_action::delivered;
    r.made.result.category = failure_category::none;
    r.made.result.request = std::string(500, 'q');
    r.made.result.response = std::string(200, 'a');
    r.payload_size = of.content->content.size();
    return r;
  }

  void fill(write_session& session, std::size_t count, utc_time now) const {
    for (std::size_t done = 0; done < count; done += batch) {
      std::vector<new_delivery> some;
      std::vector<attempt_record> outcomes;
      for (std::size_t i = 0; i < batch; ++i) {
        some.push_back(make(now));
        outcomes.push_back(outcome(some.back()));
      }
      must(session.begin());
      must(session.accept(some, now));
      must(session.record(outcomes, now));
      must(session.commit());
    }
  }
};

/// Accepts a delivery now and then and notes how long it took to be on stable storage.
std::vector<double> keep_accepting(store_writer& writer, const history& of, const waybill::core::clock& time,
                                   const std::atomic<bool>& stop) {
  std::vector<double> took;
  while (!stop) {
    const auto begun = std::chrono::steady_clock::now();
    std::promise<void> done;
    writer.accept(of.make(time.now()), [&](const result<accept_result>& answer) {
      if (!answer) std::exit(1);
      done.set_value();
    });
    done.get_future().wait();
    took.push_back(ms_since(begun));
    std::this_thread::sleep_until(begun + client_every);
  }
  return took;
}

std::map<retention_stage, std::vector<double>> sweep(store_writer& writer, read_session& reader, const history& of,
                                                     utc_time now) {
  std::map<retention_stage, std::vector<double>> took;
  retention_pass pass({{of.org, retention_settings{1, 1, 1, 1, 1, 0}}}, now);
  while (const auto* range = pass.range()) {
    if (pass.batch().empty()) {
      pass.on_candidates(must(reader.retention_candidates_of(*range, pass.page_size())));
      continue;
    }
    std::promise<std::pair<retention_step, double>> done;
    auto step = std::make_shared<retention_step>();
    auto begun = std::make_shared<std::chrono::steady_clock::time_point>();
    const auto stage = range->stage;
    writer.run_bulk(
        [&, step, begun](write_session& session) -> result<void> {
          *begun = std::chrono::steady_clock::now();
          *step = must(session.apply_retention(*range, pass.batch(), now, step_budget));
          return {};
        },
        [&, step, begun](const result<void>& committed) {
          must(committed);
          done.set_value({*step, ms_since(*begun)});
        });
    const auto [made, ms] = done.get_future().get();
    took[stage].push_back(ms);
    pass.on_step(made, milliseconds{static_cast<std::int64_t>(ms) + 1});
    std::this_thread::sleep_for(pass.rest());
  }
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string url = argc > 1 ? argv[1] : "sqlite:///tmp/waybill_retention_bench.db";
  const std::size_t count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  if (url.rfind("sqlite://", 0) == 0)
    for (const char* end : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(url.substr(9) + end);
  system_clock time;
  history of;
  auto where = must(open_store(url));
  auto session = must(where->open_writer());
  must(session->begin());
  must(session->take_over_shards("bench", time.now()));
  must(session->commit());
  of.begin(*session, time.now());
  auto begun = std::chrono::steady_clock::now();
  of.fill(*session, count, time.now());
  std::printf("%s: %zu delivered in %.1f s\n", std::string(where->name()).c_str(), count, ms_since(begun) / 1e3);
  auto reader = must(where->open_reader());
  store_writer writer(std::move(session), time, {});
  std::atomic<bool> stop{false};
  auto alone = std::async(std::launch::async, [&] { return keep_accepting(writer, of, time, stop); });
  std::this_thread::sleep_for(std::chrono::seconds(3));
  stop = true;
  auto before = alone.get();
  stop = false;
  auto client = std::async(std::launch::async, [&] { return keep_accepting(writer, of, time, stop); });
  begun = std::chrono::steady_clock::now();
  auto steps = sweep(writer, *reader, of, time.now() + std::chrono::hours(48));
  const auto seconds = ms_since(begun) / 1e3;
  stop = true;
  auto during = client.get();
  const char* names[] = {"", "dead letters", "attempt records", "attempts", "payloads", "deliveries"};
  std::printf("pass of %.1f s, transactions of each stage:\n", seconds);
  for (auto& [stage, took] : steps) report(names[static_cast<int>(stage)], took);
  std::printf("a client that accepts one delivery every 5 ms:\n");
  report("alone", before);
  report("during the pass", during);
  const auto sums = must(reader->reconcile());
  std::printf("reconciler: %lld\n", static_cast<long long>(sums.difference()));
  writer.stop();
  return sums.difference() == 0 ? 0 : 1;
}
