// SPDX-License-Identifier: Apache-2.0
#include "tests/store/sqlite/limited_store.hpp"

using namespace waybill::core;
using namespace waybill::core::test;

namespace {

result<std::vector<accept_result>> accept(write_session& w, const std::vector<new_delivery>& batch) {
  must(w.begin());
  auto answer = w.accept(batch, at(0));
  if (answer)
    must(w.commit());
  else
    w.rollback();
  return answer;
}

}  // namespace

TEST_CASE("a full disk is an error, nothing is half-written, and service resumes when there is room") {
  scratch_folder folder;
  limited_store s((folder.path() / "store.db").string());
  auto& w = s.writer();
  const auto request = [&] { return make_request(s.org.id, {{s.hook.id}, at(0), 5, 1, {}, std::string(20'000, 'x')}); };
  const auto before = request();
  must(accept(w, {before}));
  s.limit(4);
  std::vector<new_delivery> batch;
  for (int i = 0; i < 8; ++i) batch.push_back(request());
  CHECK(code_of(accept(w, batch)) == error_code::store_unavailable);
  CHECK(code_of(accept(w, batch)) == error_code::store_unavailable);
  for (const auto& one : batch)
    CHECK(code_of(w.get_delivery(s.org.id, one.content->id, false)) == error_code::delivery_not_found);
  auto sums = must(w.reconcile());
  CHECK(sums.accepted == 1);
  CHECK(sums.difference() == 0);
  CHECK(must(w.content(s.org.id, before.content->id))->content.size() == 20'000);
  s.lift();
  must(accept(w, batch));
  sums = must(w.reconcile());
  CHECK(sums.accepted == 9);
  CHECK(sums.difference() == 0);
}
