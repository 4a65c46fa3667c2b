// SPDX-License-Identifier: Apache-2.0
#include "core/queue/fair_places.hpp"

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace waybill::core;

namespace {

/// A destination that asks for places and keeps those it is given.
struct destination {
  fair_places& from;
  fair_places::share_ptr of;
  std::uint32_t under_way = 0;
  bool waits = false;

  destination(fair_places& places, fair_places::share_ptr share) : from(places), of(std::move(share)) {}

  bool ask() {
    if (waits) return false;
    if (from.acquire(*of, under_way == 0)) {
      ++under_way;
      return true;
    }
    waits = true;
    from.await(of, [this](const std::shared_ptr<place>& got) {
      got->take();
      waits = false;
      ++under_way;
    });
    return !waits;
  }
  void end() {
    --under_way;
    from.release(*of);
  }
};

}  // namespace

TEST_CASE("an organization alone may use every place", "[places]") {
  fair_places places{100};
  destination one{places, places.share_of(organization_id::make(), 1)};
  for (int i = 0; i < 100; ++i) CHECK(one.ask());
  CHECK_FALSE(one.ask());
  CHECK(places.used() == 100);
  one.end();
  CHECK(one.under_way == 100);  // what became free came back at once
  CHECK(one.of->in_flight() == 100);
}

TEST_CASE("a destination without any under way gets its first place however full it is", "[places]") {
  fair_places places{1};
  destination greedy{places, places.share_of(organization_id::make(), 1)};
  CHECK(greedy.ask());
  CHECK_FALSE(greedy.ask());
  destination other{places, greedy.of};
  CHECK(other.ask());
  CHECK_FALSE(other.ask());
  CHECK(places.used() == 2);
}

TEST_CASE("freed places go to the organization with the fewest for its weight", "[places]") {
  fair_places places{12};
  destination flood{places, places.share_of(organization_id::make(), 1)};
  while (flood.ask()) {}
  // Two late ones, one with twice the weight. Each is one destination: its first place is beyond the limit.
  std::vector<std::unique_ptr<destination>> late;
  for (const std::uint32_t weight : {1u, 2u}) {
    late.push_back(std::make_unique<destination>(places, places.share_of(organization_id::make(), weight)));
    while (late.back()->ask()) {}
  }
  for (int round = 0; round < 40; ++round) {
    if (flood.under_way > 0) flood.end();
    for (auto& one : {&flood, late[0].get(), late[1].get()})
      while (one->ask()) {}
  }
  CHECK(places.used() <= 13);
  CHECK(flood.under_way + late[0]->under_way + late[1]->under_way == places.used());
  CHECK(late[1]->under_way >= 5);
  CHECK(late[0]->under_way >= 2);
  CHECK(flood.under_way <= 4);
  CHECK(flood.under_way >= 2);
}

TEST_CASE("an organization with less than its share is lent places when others hold all of them", "[places]") {
  fair_places places{100};
  destination slow{places, places.share_of(organization_id::make(), 1)};
  while (slow.ask()) {}
  destination other{places, places.share_of(organization_id::make(), 1)};
  while (other.ask()) {}
  CHECK(other.under_way == 10);
  CHECK(places.used() == 110);
}

TEST_CASE("within an organization the destination that waited longest is next", "[places]") {
  fair_places places{1};
  const auto share = places.share_of(organization_id::make(), 1);
  CHECK(places.acquire(*share, true));
  std::vector<int> order;
  for (int i = 0; i < 3; ++i)
    places.await(share, [&order, i](const std::shared_ptr<place>& got) {
      got->take();
      order.push_back(i);
    });
  for (int i = 0; i < 3; ++i) places.release(*share);
  CHECK(order == std::vector{0, 1, 2});
}

TEST_CASE("a place that nobody takes goes to the next", "[places]") {
  fair_places places{1};
  const auto share = places.share_of(organization_id::make(), 1);
  CHECK(places.acquire(*share, true));
  bool told = false;
  places.await(share, [](const std::shared_ptr<place>&) {});
  places.await(share, [&told](const std::shared_ptr<place>&) { told = true; });
  places.release(*share);
  CHECK(told);
  CHECK(places.used() == 0);
  CHECK(places.waiting() == 0);
}

TEST_CASE("after the end nobody is woken", "[places]") {
  fair_places places{1};
  const auto share = places.share_of(organization_id::make(), 1);
  CHECK(places.acquire(*share, true));
  places.await(share, [](const std::shared_ptr<place>&) { FAIL("woken"); });
  places.close();
  places.release(*share);
  CHECK(places.used() == 0);
}

TEST_CASE("places are never lost or doubled, whatever the order of things", "[places][property]") {
  std::minstd_rand random{3};
  for (int history = 0; history < 200; ++history) {
    const auto limit = static_cast<std::uint32_t>(1 + random() % 20);
    fair_places places{limit};
    std::vector<std::unique_ptr<destination>> all;
    for (int org = 0; org < 4; ++org) {
      const auto share = places.share_of(organization_id::make(), static_cast<std::uint32_t>(1 + random() % 4));
      for (int i = 0; i < 3; ++i) all.push_back(std::make_unique<destination>(places, share));
    }
    for (int step = 0; step < 400; ++step) {
      auto& one = *all[random() % all.size()];
      if (random() % 2 == 0)
        one.ask();
      else if (one.under_way > 0)
        one.end();
      std::uint32_t sum = 0;
      bool somebody_waits = false;
      for (const auto& each : all) {
        sum += each->under_way;
        somebody_waits = somebody_waits || each->waits;
        CHECK((each->under_way > 0 || !each->waits || places.used() >= limit));
      }
      CHECK(sum == places.used());
      CHECK(sum <= limit + limit / 10 + all.size());
      if (somebody_waits) CHECK(places.used() >= limit);  // no place lies idle while one is waited for
    }
  }
}

TEST_CASE("many threads at once leave no place taken and nobody waiting", "[places]") {
  fair_places places{8};
  std::vector<fair_places::share_ptr> shares;
  for (int i = 0; i < 3; ++i) shares.push_back(places.share_of(organization_id::make(), static_cast<std::uint32_t>(i + 1)));
  std::atomic<int> woken{0}, waited{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20'000; ++i) {
        const auto& share = shares[static_cast<std::size_t>(t + i) % shares.size()];
        if (places.acquire(*share, i % 7 == 0)) {
          if (i % 3 == 0) std::this_thread::yield();
          places.release(*share);
          continue;
        }
        ++waited;
        places.await(share, [&woken](const std::shared_ptr<place>&) { ++woken; });
      }
    });
  for (auto& one : threads) one.join();
  CHECK(woken == waited);
  CHECK(places.used() == 0);
  CHECK(places.waiting() == 0);
  CHECK(places.by_organization().empty());
}
