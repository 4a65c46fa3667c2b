// SPDX-License-Identifier: Apache-2.0
#include "core/queue/queue_ledger.hpp"

#include <map>
#include <random>

#include <catch2/catch.hpp>

using namespace waybill::core;
using verdict = queue_ledger::verdict;

namespace {

task make_task(organization_id org, destination_id to, task_status status = task_status::pending) {
  task t;
  t.id = task_id::make();
  t.organization = org;
  t.destination = to;
  t.status = status;
  return t;
}

destination_backlog stored(const task& like, std::uint64_t pending, std::uint64_t retrying, bool parked = false) {
  return {like.destination, like.organization, pending, retrying, parked, {}};
}

}  // namespace

TEST_CASE("counts follow a task from acceptance over its retry to its end", "[ledger]") {
  queue_ledger ledger{100, 0};
  auto t = make_task(organization_id::make(), destination_id::make());
  ledger.added({t});
  CHECK(ledger.of(t.destination).pending == 1);
  ledger.moved(t, task_status::retrying);
  CHECK(ledger.of(t.organization).pending == 0);
  CHECK(ledger.of(t.organization).retrying == 1);
  t.status = task_status::retrying;
  ledger.moved(t, task_status::delivered);
  CHECK(ledger.whole().total() == 0);
  CHECK(ledger.by_organization(10).empty());
}

TEST_CASE("all that waits for a parked destination is parked, and is not any more when it comes back", "[ledger]") {
  queue_ledger ledger{100, 0};
  const auto org = organization_id::make();
  const auto t = make_task(org, destination_id::make());
  ledger.added({t, make_task(org, t.destination, task_status::retrying), make_task(org, destination_id::make())});
  ledger.set_parked(org, t.destination, true);
  CHECK(ledger.of(org).parked == 2);
  CHECK(ledger.of(org).pending == 1);
  ledger.added({make_task(org, t.destination)});
  CHECK(ledger.whole().parked == 3);
  ledger.removed({t});
  CHECK(ledger.of(t.destination).parked == 2);
  ledger.set_parked(org, t.destination, false);
  CHECK(ledger.of(org).parked == 0);
  CHECK(ledger.of(org).pending == 2);
  CHECK(ledger.of(org).retrying == 1);
}

TEST_CASE("a destination parked while nothing waits parks what comes later", "[ledger]") {
  queue_ledger ledger{100, 0};
  const auto t = make_task(organization_id::make(), destination_id::make());
  ledger.set_parked(t.organization, t.destination, true);
  ledger.added({t});
  CHECK(ledger.whole().parked == 1);
  ledger.forget(t.destination);
  CHECK(ledger.whole().total() == 0);
}

TEST_CASE("the node's limit counts what is admitted as well as what waits", "[ledger]") {
  queue_ledger ledger{3, 0};
  const auto t = make_task(organization_id::make(), destination_id::make());
  CHECK(ledger.admit(t.organization, 2) == verdict::admitted);
  CHECK(ledger.admit(t.organization, 2) == verdict::engine_full);
  CHECK(ledger.admit(organization_id::make(), 1) == verdict::admitted);
  ledger.added({t, t});
  ledger.give_back(t.organization, 2);
  CHECK(ledger.admit(t.organization, 1) == verdict::engine_full);
  ledger.moved(t, task_status::delivered);
  CHECK(ledger.admit(t.organization, 1) == verdict::admitted);
}

TEST_CASE("an organization's own limit goes before the setting for all", "[ledger]") {
  queue_ledger ledger{100, 2};
  const auto usual = organization_id::make(), large = organization_id::make();
  ledger.set_limit(large, 4);
  CHECK(ledger.admit(usual, 3) == verdict::organization_full);
  CHECK(ledger.admit(usual, 2) == verdict::admitted);
  CHECK(ledger.admit(large, 4) == verdict::admitted);
  CHECK(ledger.admit(large, 1) == verdict::organization_full);
  CHECK(ledger.limit_of(usual) == 2);
  CHECK(ledger.limit_of(large) == 4);
  ledger.set_limit(large, 0);
  CHECK(ledger.limit_of(large) == 2);
}

TEST_CASE("a comparison corrects what stood still and leaves what moved", "[ledger]") {
  queue_ledger ledger{100, 0};
  const auto org = organization_id::make();
  const auto still = make_task(org, destination_id::make()), busy = make_task(org, destination_id::make()),
             gone = make_task(org, destination_id::make()), unknown = make_task(org, destination_id::make());
  ledger.added({still, busy, gone});
  const auto mark = ledger.mark();
  ledger.added({busy});
  CHECK(ledger.compare(mark, {stored(still, 5, 2), stored(busy, 90, 0), stored(unknown, 0, 3, true)}) == 4 + 2 + 3 + 1);
  CHECK(ledger.of(still.destination).pending == 5);
  CHECK(ledger.of(still.destination).retrying == 2);
  CHECK(ledger.of(busy.destination).pending == 2);
  CHECK(ledger.of(gone.destination).total() == 0);
  CHECK(ledger.of(unknown.destination).parked == 3);
  CHECK(ledger.whole().total() == 12);
}

TEST_CASE("the deepest organizations come first", "[ledger]") {
  queue_ledger ledger{100, 7};
  const auto few = make_task(organization_id::make(), destination_id::make());
  const auto many = make_task(organization_id::make(), destination_id::make());
  ledger.added({few, many, many});
  const auto first = ledger.by_organization(1);
  REQUIRE(first.size() == 1);
  CHECK(first.front().organization == many.organization);
  CHECK(first.front().waiting.pending == 2);
  CHECK(first.front().limit == 7);
}

TEST_CASE("the sums are those of the tasks, whatever happens to them", "[ledger][property]") {
  std::minstd_rand random{5};
  for (int history = 0; history < 100; ++history) {
    queue_ledger ledger{1'000'000, 0};
    std::vector<organization_id> organizations{organization_id::make(), organization_id::make()};
    std::vector<destination_id> destinations;
    for (int i = 0; i < 5; ++i) destinations.push_back(destination_id::make());
    const auto owner = [&](std::size_t i) { return organizations[i % 2]; };
    std::vector<bool> parked(destinations.size());
    std::vector<task> waiting;
    for (int step = 0; step < 300; ++step) {
      const auto at = random() % destinations.size();
      switch (waiting.empty() ? 0 : random() % 5) {
        case 0:
        case 1:
          waiting.push_back(make_task(owner(at), destinations[at]));
          ledger.added({waiting.back()});
          break;
        case 2: {
          auto& one = waiting[random() % waiting.size()];
          ledger.moved(one, task_status::retrying);
          one.status = task_status::retrying;
          break;
        }
        case 3: {
          const auto index = random() % waiting.size();
          if (random() % 2 == 0)
            ledger.moved(waiting[index], task_status::failed);
          else
            ledger.removed({waiting[index]});
          waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(index));
          break;
        }
        default:
          parked[at] = !parked[at];
          ledger.set_parked(owner(at), destinations[at], parked[at]);
      }
      std::map<organization_id, queue_ledger::depth> expected;
      for (const auto& t : waiting) {
        auto& sum = expected[t.organization];
        std::size_t index = 0;
        while (destinations[index] != t.destination) ++index;
        if (parked[index])
          ++sum.parked;
        else
          ++(t.status == task_status::pending ? sum.pending : sum.retrying);
      }
      for (const auto& org : organizations) {
        CHECK(ledger.of(org).pending == expected[org].pending);
        CHECK(ledger.of(org).retrying == expected[org].retrying);
        CHECK(ledger.of(org).parked == expected[org].parked);
      }
      CHECK(ledger.whole().total() == waiting.size());
    }
  }
}
