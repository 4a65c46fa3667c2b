// SPDX-License-Identifier: Apache-2.0
#include "actors/engine.hpp"

#include <algorithm>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <future>
#include <thread>
#include <utility>

#include "actors/engine_service.hpp"
#include "actors/erasure_actor.hpp"
#include "actors/handler_host.hpp"
#include "actors/housekeeping.hpp"
#include "actors/intake_actor.hpp"
#include "actors/job_runner_actor.hpp"
#include "actors/keeper_actor.hpp"
#include "actors/registry_actor.hpp"
#include "actors/retention_actor.hpp"
#include "actors/scheduler_actor.hpp"
#include "core/telemetry/log.hpp"

namespace waybill::actors {
namespace {

constexpr std::uint32_t page_size = 500;
constexpr std::size_t scheduler_threads = 2;
constexpr std::chrono::milliseconds least_lease{10'000};  // a store that is busy for a while is no broken upload
// At a start: 5,000 destinations a second, about what two reader threads load.
constexpr std::size_t woken_at_once = 250;
constexpr core::milliseconds wake_interval{50};

struct system_settings : caf::actor_system_config {
  system_settings() {
    // Without a bound one busy actor starves all others; two workers are enough for actors that never block.
    set("scheduler.max-throughput", std::size_t{100});
    // Workers sleep until there is work. Those of the usual policy, stealing, look for some every 50 us: at full rate half of
    // what the actors cost, a tenth of what the node does.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", scheduler_threads);
  }
};

core::result<core::network_guard> make_guard(const core::config& settings) {
  std::vector<core::ip_range> allowed;
  for (const auto& text : settings.network.allow) {
    auto range = core::ip_range::parse(text);
    if (!range) return core::fail(range.error());
    allowed.push_back(*range);
  }
  return core::network_guard{std::move(allowed)};
}

core::payload_intake::options upload_options(const core::config& settings) {
  core::payload_intake::options o;
  o.most_bytes = settings.server.max_payload_bytes;
  o.organization_bytes = settings.store.organization_payload_bytes;
  o.most_at_once = settings.server.max_uploads;
  // Longer than the api waits for a sender that is silent, so that the sweep never takes an upload that lives.
  o.lease = std::max(2 * settings.server.upload_idle_timeout, least_lease);
  o.keep_unused = settings.store.keep_unused_payloads;
  return o;
}

/// Calls `each` with every item of a paged read.
template <class T, class Read, class Each>
core::result<void> for_all(Read read, Each each) {
  core::page_request request{page_size, {}};
  do {
    core::result<core::page<T>> page = read(request);
    if (!page) return core::fail(page.error());
    for (auto& item : page->items) each(item);
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  return {};
}

core::store_writer::options writer_options(const engine::parts& with, core::queue_listener& listener) {
  const auto pace = with.storage.pace();
  core::store_writer::options options;
  options.max_batch = with.settings.store.max_batch;
  options.min_commit_interval = pace.min_commit_interval;
  options.enough = pace.enough;
  options.busy = pace.busy;
  options.refuse_after = pace.refuse_after;
  options.listener = &listener;
  return options;
}

}  // namespace

struct engine::state {
  state(const parts& with, std::unique_ptr<core::store_readers> r)
      : box(with.key),
        links(with.key),
        readers(std::move(r)),
        context(with.settings, with.time, *readers, with.plugins, with.figures, box, links),
        keys(with.time),
        service(context, keys) {}

  core::secret_box box;
  core::link_signer links;
  std::unique_ptr<core::store_readers> readers;
  engine_context context;
  std::unique_ptr<core::store_writer> writer;
  std::unique_ptr<core::payload_intake> uploads;
  key_ring keys;
  engine_service service;
  std::unique_ptr<housekeeping> chores;
  system_settings system_config;
  std::unique_ptr<caf::actor_system> system;
  caf::actor scheduler;
  caf::actor registry;
  caf::actor intake;
  caf::actor jobs;
  caf::actor erasures;
  caf::actor retention;
  bool stopped = false;

  core::result<void> load(core::store& storage);
  core::result<void> take_over();
  /// What an erasure named is not served any more, and what was only waiting for a start is done: true if the engine's files
  /// were cleaned.
  core::result<bool> resume_erasures(core::store& storage);
  void note(const char* action);
  void spawn(core::store& storage, bool cleaned);
  core::result<std::vector<core::destination_backlog>> count_queue(core::store& storage);
  void wake_waiting(const std::vector<core::destination_backlog>& waiting);
};

engine::engine() = default;
engine::~engine() {
  if (state_) stop(std::chrono::milliseconds{0});
}

void engine::listens_at(const std::string& public_url) { state_->context.address.set(public_url); }

core::delivery_service& engine::service() { return state_->service; }

core::result<std::unique_ptr<engine>> engine::start(const parts& with) {
  auto guard = make_guard(with.settings);
  if (!guard) return core::fail(guard.error());
  auto readers = core::store_readers::start(with.storage, with.settings.store.readers);
  if (!readers) return core::fail(readers.error());
  std::unique_ptr<engine> made{new engine};
  made->state_ = std::make_unique<state>(with, *std::move(readers));
  auto& s = *made->state_;
  for (const auto* type : with.plugins.types()) {
    auto schema = core::config_schema::compile(type->config_schema());
    if (!schema) return core::fail(schema.error());
    s.context.schemas.emplace(type->type(), *std::move(schema));
  }
  auto session = with.storage.open_writer();
  if (!session) return core::fail(session.error());
  const auto options = writer_options(with, s.context.ledger);
  s.writer = std::make_unique<core::store_writer>(
      *std::move(session), with.time, options, [&s] { s.context.relay.flush(); },
      [&s](core::order_changes changes) { s.context.relay.add_changes(std::move(changes)); });
  s.context.writer = s.writer.get();
  s.context.denied.connect(s.writer.get());
  s.uploads = std::make_unique<core::payload_intake>(*s.writer, with.time, upload_options(with.settings));
  s.context.uploads = s.uploads.get();
  if (!with.settings.server.public_url.empty()) s.context.address.set(with.settings.server.public_url);
  s.context.services = std::make_shared<handler_host>(s.context, *std::move(guard));
  if (auto done = s.take_over(); !done) return core::fail(done.error());
  if (auto done = s.load(with.storage); !done) return core::fail(done.error());
  auto waiting = s.count_queue(with.storage);
  if (!waiting) return core::fail(waiting.error());
  s.chores = std::make_unique<housekeeping>(s.context, s.keys);
  auto cleaned = s.resume_erasures(with.storage);
  if (!cleaned) return core::fail(cleaned.error());
  s.note("node.started");
  s.spawn(with.storage, *cleaned);
  s.wake_waiting(*waiting);
  return made;
}

core::result<void> engine::state::take_over() {
  std::promise<core::result<void>> taken;
  writer->run(
      [this](core::write_session& session) -> core::result<void> {
        auto epoch = session.take_over_shards("local", context.time.now());
        if (!epoch) return core::fail(epoch.error());
        context.epoch = *epoch;
        return {};
      },
      [&taken](core::result<void> done) { taken.set_value(std::move(done)); });
  return taken.get_future().get();
}

core::result<void> engine::state::load(core::store& storage) {
  auto session = storage.open_reader();
  if (!session) return core::fail(session.error());
  auto known = (*session)->all_keys();
  if (!known) return core::fail(known.error());
  for (auto& key : *known) keys.put(std::move(key));
  auto organizations =
      for_all<core::organization>([&](const core::page_request& request) { return (*session)->list_organizations(request); },
                                  [&](const core::organization& o) {
                                    context.directory.put(o.id);
                                    context.ledger.set_limit(o.id, o.policy.share().max_waiting);
                                  });
  if (!organizations) return organizations;
  return for_all<core::destination>([&](const core::page_request& request) { return (*session)->all_destinations(request); },
                                    [&](const core::destination& d) { context.directory.put(d); });
}

core::result<bool> engine::state::resume_erasures(core::store& storage) {
  auto session = storage.open_reader();
  if (!session) return core::fail(session.error());
  auto unfinished = (*session)->unfinished_erasures();
  if (!unfinished) return core::fail(unfinished.error());
  bool waiting = false;
  for (const auto& e : *unfinished) {
    waiting = waiting || e.state == core::erasure_state::compacting;
    if (e.scope != core::data_scope::organization) continue;
    context.directory.remove(e.organization);
    keys.forget(e.organization);
  }
  if (!waiting) return false;
  session->reset();  // a reader's snapshot would be waited for
  auto cleaned = storage.compact(context.settings.erasing.compact_at_start_max_bytes);
  if (cleaned) return cleaned;
  core::log(core::log_level::warning, "erasure.compaction_failed", "The store could not be cleaned of erased rows",
            {{"reason", cleaned.error().message}});
  return false;
}

/// In the engine's own chain. Losing the row to a failing store does not keep the node from its work.
void engine::state::note(const char* action) {
  core::audit_entry entry;
  entry.at = context.time.now();
  entry.action = action;
  entry.details = nlohmann::json{{"epoch", context.epoch}}.dump();
  writer->run([entry](core::write_session& session) { return session.append_audit({entry}); },
              [](const core::result<void>&) {});
}

void engine::state::spawn(core::store& storage, bool cleaned) {
  system = std::make_unique<caf::actor_system>(system_config);
  scheduler = system->spawn(scheduler_actor, &context, scheduler_state::chore([this] { chores->run(); }));
  registry = system->spawn(registry_actor, &context, scheduler);
  intake = system->spawn(intake_actor, &context);
  caf::anon_send(scheduler, registry);
  context.on_earlier_deadline = [to = scheduler](core::utc_time at) { caf::anon_send(to, deadline_noted{at}); };
  caf::anon_send(scheduler, deadlines_checked{core::utc_time{}});  // what became late while no node ran
  context.relay.connect(registry);
  jobs = system->spawn(job_runner_actor, &context, registry);
  erasures = system->spawn(keeper_actor, [this, &storage, cleaned](caf::event_based_actor* keeper) mutable {
    return keeper->spawn(erasure_actor, &context, &storage, registry, std::exchange(cleaned, false));
  });
  retention =
      system->spawn(keeper_actor, [this](caf::event_based_actor* keeper) { return keeper->spawn(retention_actor, &context); });
  service.connect(intake, registry, jobs, erasures);
}

/// Before anything moves: from here on the counts follow the commits.
core::result<std::vector<core::destination_backlog>> engine::state::count_queue(core::store& storage) {
  auto session = storage.open_reader();
  if (!session) return core::fail(session.error());
  auto waiting = (*session)->backlog(context.time.now());
  if (!waiting) return waiting;
  context.ledger.compare(context.ledger.mark(), *waiting);
  context.backlog.put(*waiting);
  return waiting;
}

/// Destinations with due tasks are woken oldest task first and, where they are many, a few at a time: each loads its
/// configuration, and the requests that clients make meanwhile share the same readers.
void engine::state::wake_waiting(const std::vector<core::destination_backlog>& waiting) {
  const auto now = context.time.now();
  std::vector<const core::destination_backlog*> due;
  for (const auto& entry : waiting) {
    if (!entry.shown.next_due && !entry.parked) continue;
    if (entry.parked || *entry.shown.next_due <= now)
      due.push_back(&entry);
    else
      caf::anon_send(scheduler, wake_destination{entry.destination, *entry.shown.next_due});
  }
  std::sort(due.begin(), due.end(),
            [](const auto* a, const auto* b) { return a->shown.oldest_created_at < b->shown.oldest_created_at; });
  work_waiting first;
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (i < woken_at_once)
      first.destinations.push_back(due[i]->destination);
    else
      caf::anon_send(scheduler, wake_destination{due[i]->destination, now + wake_interval * (i / woken_at_once)});
  }
  const auto tasks = context.ledger.whole().total();
  if (tasks > 0)
    core::log(core::log_level::info, "engine.recovered", "Waiting tasks were found in the store",
              {{"tasks", std::to_string(tasks)}, {"destinations", std::to_string(waiting.size())}});
  caf::anon_send(registry, std::move(first));
}

bool engine::stop(std::chrono::milliseconds grace) {
  auto& s = *state_;
  if (s.stopped) return true;
  s.stopped = true;
  s.context.draining.store(true);
  bool clean = true;
  if (s.system) {
    auto drained = std::make_shared<std::promise<void>>();
    auto waiting = drained->get_future();
    caf::anon_send(s.registry, drain{[drained] { drained->set_value(); }});
    clean = waiting.wait_for(grace) == std::future_status::ready;
  }
  // What is handed back stays due in the store. Writer and readers answer everything they hold before the actors go.
  if (s.uploads) s.uploads->stop();
  if (s.writer && s.system) s.note("node.stopped");
  if (s.writer) s.writer->stop();
  s.readers->stop();
  s.context.relay.disconnect();
  s.context.places.close();
  s.service.disconnect();
  s.context.on_earlier_deadline = [](core::utc_time) {};
  for (auto* supervisor : {&s.erasures, &s.retention, &s.jobs, &s.registry})
    if (*supervisor) caf::anon_send(*supervisor, abandon{});
  for (auto* actor : {&s.intake, &s.scheduler})
    if (*actor) caf::anon_send_exit(*actor, caf::exit_reason::kill);
  for (auto* actor : {&s.intake, &s.jobs, &s.erasures, &s.retention, &s.registry, &s.scheduler}) *actor = nullptr;
  s.system.reset();
  return clean;
}

}  // namespace waybill::actors
