// SPDX-License-Identifier: Apache-2.0
#include "tests/store/store_fixture.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

new_delivery with_key(new_delivery request, const std::string& key, std::uint8_t body, utc_time expires = at(1'000)) {
  idempotency_claim claim;
  claim.route = "POST /v1/deliveries";
  claim.key = key;
  claim.body_hash.fill(body);
  claim.expires_at = expires;
  request.idempotency = claim;
  return request;
}

std::shared_ptr<delivery> full_delivery(organization_id org) {
  auto d = std::make_shared<delivery>();
  d->id = delivery_id::make();
  d->organization = org;
  d->created_at = at(7);
  d->payload_type = "export";
  d->content_type = "text/csv; charset=utf-8";
  d->filename = "q1 ü.csv";
  d->content = std::string("a;b\0c\n", 6);
  d->sha256.fill(0xab);
  d->metadata = R"({"reportType":"compliance"})";
  d->priority = 8;
  d->correlation_id = "corr-1";
  d->tags = {"q1", "a \"quoted\" tag"};
  d->traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  d->idempotency_key = "key-1";
  d->scheduled_at = at(500);
  d->deliver_within = milliseconds{86'400'000};
  d->ordering_key = "patient-4711";
  d->created_by = key_id::make();
  return d;
}

}  // namespace

TEST_CASE("an accepted delivery is read back whole") {
  ON_EVERY_ENGINE(s);
  auto request = make_request(s.org, {{s.hook}});
  const auto d = full_delivery(s.org);
  request.content = d;
  request.tasks[0].delivery = d->id;
  REQUIRE(s.accept({request}).front().outcome == accept_result::kind::accepted);

  const auto read = must(s.reader().content(s.org, d->id));
  CHECK(read->id == d->id);
  CHECK(read->organization == s.org);
  CHECK(read->created_at == d->created_at);
  CHECK(read->payload_type == d->payload_type);
  CHECK(read->content_type == d->content_type);
  CHECK(read->filename == d->filename);
  CHECK(read->content == d->content);
  CHECK(read->sha256 == d->sha256);
  CHECK(read->metadata == d->metadata);
  CHECK(read->priority == d->priority);
  CHECK(read->correlation_id == d->correlation_id);
  CHECK(read->tags == d->tags);
  CHECK(read->traceparent == d->traceparent);
  CHECK(read->idempotency_key == d->idempotency_key);
  CHECK(read->scheduled_at == d->scheduled_at);
  CHECK(read->deliver_within == d->deliver_within);
  CHECK(read->ordering_key == d->ordering_key);
  CHECK(read->created_by == d->created_by);
}

TEST_CASE("content of any size and of any bytes is kept") {
  ON_EVERY_ENGINE(s);
  for (const std::size_t size : {0u, 1u, 4'000u, 70'000u, 1'100'000u}) {
    std::string content(size, '\0');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31);
    const auto request = s.accept({{s.hook}, at(0), 5, 1, {}, content});
    CHECK(must(s.reader().content(s.org, request.content->id))->content == content);
    CHECK(s.view(request).size == size);
  }
}

TEST_CASE("a fresh delivery is queued, with a pending task for every destination") {
  ON_EVERY_ENGINE(s);
  const auto second = s.add_destination(s.org, "b");
  const auto request = s.accept({{s.hook, second}, at(3)});
  const auto view = s.view(request, true);
  CHECK(view.status == delivery_status::queued);
  CHECK(view.head.content.empty());
  REQUIRE(view.tasks.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(view.tasks[i].id == request.tasks[i].id);
    CHECK(view.tasks[i].delivery == request.content->id);
    CHECK(view.tasks[i].destination == request.tasks[i].destination);
    CHECK(view.tasks[i].destination_type == "webhook");
    CHECK(view.tasks[i].destination_label == (i == 0 ? "a" : "b"));
    CHECK(view.tasks[i].status == task_status::pending);
    CHECK(view.tasks[i].attempts == 0);
    CHECK(view.tasks[i].created_at == at(3));
    CHECK(view.tasks[i].next_attempt_at == at(3));
    CHECK_FALSE(view.tasks[i].finished_at);
    CHECK(view.tasks[i].attempt_log.empty());
  }
}

TEST_CASE("a task whose destination was deleted meanwhile is cancelled at once") {
  ON_EVERY_ENGINE(s);
  const auto gone = s.add_destination(s.org, "gone");
  const auto request = make_request(s.org, {{s.hook, gone}});
  must(s.write([&](write_session& w) { return w.delete_destination(s.org, gone, 0, at(1)); }));
  REQUIRE(s.accept({request}, at(2)).front().outcome == accept_result::kind::accepted);
  const auto view = s.view(request);
  REQUIRE(view.tasks.size() == 2);
  CHECK(view.tasks[0].status == task_status::pending);
  CHECK(view.tasks[1].status == task_status::cancelled);
  CHECK(view.tasks[1].finished_at == at(2));
  CHECK(must(s.reader().waiting_destinations()).size() == 1);
  const auto sums = must(s.reader().reconcile());
  CHECK(sums.accepted == 2);
  CHECK(sums.cancelled == 1);
  CHECK(sums.difference() == 0);
}

TEST_CASE("what was rolled back was never there") {
  ON_EVERY_ENGINE(s);
  const auto request = make_request(s.org, {{s.hook}});
  must(s.writer().begin());
  must(s.writer().accept({request}, at(0)));
  s.writer().rollback();
  CHECK(code_of(s.reader().get_delivery(s.org, request.content->id, false)) == error_code::delivery_not_found);
  CHECK(must(s.reader().reconcile()).accepted == 0);
  CHECK(s.accept({request}).front().outcome == accept_result::kind::accepted);
}

TEST_CASE("a savepoint takes back what came after it and nothing else") {
  ON_EVERY_ENGINE(s);
  const auto kept = make_request(s.org, {{s.hook}}), undone = make_request(s.org, {{s.hook}});
  must(s.writer().begin());
  must(s.writer().accept({kept}, at(0)));
  must(s.writer().savepoint());
  must(s.writer().accept({undone}, at(0)));
  s.writer().rollback_savepoint();
  must(s.writer().commit());
  CHECK(s.view(kept).status == delivery_status::queued);
  CHECK(code_of(s.reader().get_delivery(s.org, undone.content->id, false)) == error_code::delivery_not_found);
  CHECK(must(s.reader().reconcile()).accepted == 1);
}

TEST_CASE("what was committed is there after a restart") {
  ON_EVERY_ENGINE(s);
  const auto request = s.accept({{s.hook}});
  s.reopen();
  CHECK(s.view(request).status == delivery_status::queued);
  CHECK(must(s.reader().reconcile()).waiting == 1);
}

TEST_CASE("the same key with the same body replays the first delivery") {
  ON_EVERY_ENGINE(s);
  const auto first = with_key(make_request(s.org, {{s.hook}, at(5)}), "k", 1);
  const auto again = with_key(make_request(s.org, {{s.hook}, at(6)}), "k", 1);
  REQUIRE(s.accept({first}, at(5)).front().outcome == accept_result::kind::accepted);
  const auto answer = s.accept({again}, at(6)).front();
  CHECK(answer.outcome == accept_result::kind::replayed);
  CHECK(answer.original == first.content->id);
  CHECK(answer.original_created_at == at(5));
  REQUIRE(answer.original_tasks.size() == 1);
  CHECK(answer.original_tasks[0].first == first.tasks[0].id);
  CHECK(answer.original_tasks[0].second == s.hook);
  CHECK(code_of(s.reader().get_delivery(s.org, again.content->id, false)) == error_code::delivery_not_found);
  CHECK(must(s.reader().reconcile()).accepted == 1);
}

TEST_CASE("the same key with another body writes nothing") {
  ON_EVERY_ENGINE(s);
  s.accept({with_key(make_request(s.org, {{s.hook}}), "k", 1)});
  const auto other = with_key(make_request(s.org, {{s.hook}}), "k", 2);
  CHECK(s.accept({other}).front().outcome == accept_result::kind::key_reused);
  CHECK(code_of(s.reader().get_delivery(s.org, other.content->id, false)) == error_code::delivery_not_found);
}

TEST_CASE("two equal requests in one batch become one delivery") {
  ON_EVERY_ENGINE(s);
  const auto first = with_key(make_request(s.org, {{s.hook}}), "k", 1);
  const auto again = with_key(make_request(s.org, {{s.hook}}), "k", 1);
  const auto other = with_key(make_request(s.org, {{s.hook}}), "k", 2);
  const auto answers = s.accept({first, again, other});
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].outcome == accept_result::kind::accepted);
  CHECK(answers[1].outcome == accept_result::kind::replayed);
  CHECK(answers[1].original == first.content->id);
  CHECK(answers[2].outcome == accept_result::kind::key_reused);
  CHECK(must(s.reader().reconcile()).accepted == 1);
}

TEST_CASE("a key is free again when its window has passed") {
  ON_EVERY_ENGINE(s);
  s.accept({with_key(make_request(s.org, {{s.hook}}), "k", 1, at(100))}, at(0));
  const auto in_time = with_key(make_request(s.org, {{s.hook}}), "k", 1, at(100));
  CHECK(s.accept({in_time}, at(99)).front().outcome == accept_result::kind::replayed);
  const auto late = with_key(make_request(s.org, {{s.hook}}), "k", 2, at(200));
  CHECK(s.accept({late}, at(100)).front().outcome == accept_result::kind::accepted);
  const auto repeat = with_key(make_request(s.org, {{s.hook}}), "k", 2, at(200));
  CHECK(s.accept({repeat}, at(150)).front().original == late.content->id);
}

TEST_CASE("a key counts for its organization and route only") {
  ON_EVERY_ENGINE(s);
  s.accept({with_key(make_request(s.org, {{s.hook}}), "k", 1)});
  const auto other = s.add_organization("other");
  const auto foreign = with_key(make_request(other, {{s.add_destination(other)}}), "k", 1);
  CHECK(s.accept({foreign}).front().outcome == accept_result::kind::accepted);
  auto route = with_key(make_request(s.org, {{s.hook}}), "k", 1);
  route.idempotency->route = "POST /v1/other";
  CHECK(s.accept({route}).front().outcome == accept_result::kind::accepted);
}

TEST_CASE("a rolled back request leaves its key free") {
  ON_EVERY_ENGINE(s);
  must(s.writer().begin());
  must(s.writer().accept({with_key(make_request(s.org, {{s.hook}}), "k", 1)}, at(0)));
  s.writer().rollback();
  CHECK(s.accept({with_key(make_request(s.org, {{s.hook}}), "k", 1)}).front().outcome == accept_result::kind::accepted);
}

TEST_CASE("the sweep removes keys past their window and no more than it may") {
  ON_EVERY_ENGINE(s);
  for (int i = 0; i < 5; ++i) s.accept({with_key(make_request(s.org, {{s.hook}}), "k" + std::to_string(i), 1, at(100 + i))});
  const auto sweep = [&](utc_time now, std::uint32_t limit) {
    return must(s.write([&](write_session& w) { return w.sweep_idempotency(now, limit); }));
  };
  CHECK(sweep(at(99), 10) == 0);
  CHECK(sweep(at(103), 3) == 3);
  CHECK(sweep(at(103), 3) == 1);
  CHECK(sweep(at(103), 3) == 0);
  CHECK(s.accept({with_key(make_request(s.org, {{s.hook}}), "k4", 1)}, at(103)).front().outcome ==
        accept_result::kind::replayed);
}
