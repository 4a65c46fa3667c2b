// SPDX-License-Identifier: Apache-2.0
#include "storing.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <waybill/transfer/record.hpp>

#include "delivery_values.hpp"
#include "ndjson.hpp"
#include "times.hpp"

namespace waybill::storage {
namespace {

using sdk::category;

// S3's limit, and that of most: bytes of UTF-8.
constexpr std::size_t longest_key = 1'024;
// Lines are gathered in memory up to this; the next line begins another object.
constexpr std::size_t most_batch_bytes = std::size_t{16} * 1'048'576;
constexpr std::int64_t day_ms = 86'400'000;

[[nodiscard]] bool is_possible(const std::string& key, std::string& why) {
  if (key.empty() || key.back() == '/') why = "the path has no file name";
  if (key.size() > longest_key) why = "the path has more than 1,024 bytes";
  return why.empty();
}

[[nodiscard]] sdk::result impossible(std::string why) {
  auto r = sdk::result::reject(category::validation, std::move(why));
  r.message = "The path of the object is not possible.";
  return r;
}

/// What stands beside an object whoever wrote it.
[[nodiscard]] name_values common_metadata(const target& to, std::string_view organization, std::string_view destination,
                                          std::int64_t created_at_ms) {
  name_values out{{std::string{owner_mark}, std::string{destination}}, {"waybill-organization", std::string{organization}}};
  if (const auto days = to.settings.retention.days; days > 0)
    out.emplace_back("waybill-retain-until", iso8601(created_at_ms + days * day_ms));
  return out;
}

void append_rendered(name_values& into, const named_templates& from, const variables& values) {
  for (const auto& [name, text] : from)
    if (auto value = text.render(values); !value.empty()) into.emplace_back(name, std::move(value));
}

[[nodiscard]] new_object object_of(const target& to, const sdk::delivery& what, std::shared_ptr<void> presence) {
  const delivery_values values{what};
  new_object out;
  out.key = to.settings.key.render_path(values);
  out.content_type = what.content_type().empty() ? "application/octet-stream" : std::string{what.content_type()};
  out.metadata = common_metadata(to, what.organization_id(), what.destination_id(), what.created_at_ms());
  out.metadata.emplace_back("waybill-delivery", std::string{what.delivery_id()});
  out.metadata.emplace_back("waybill-sha256", transfer::to_hex({reinterpret_cast<const char*>(what.sha256()), 32}));
  append_rendered(out.metadata, to.settings.metadata, values);
  append_rendered(out.tags, to.settings.tags, values);
  out.resume_name = std::string{what.task_id()};
  out.bytes = make_content(what, std::move(presence));
  return out;
}

/// The deliveries of one NDJSON object, from the call until they are answered.
struct batch_part {
  std::vector<sdk::completion> calls;
  std::vector<std::uint64_t> sizes;  ///< content bytes of each
  std::string lines;
  batch_values values;
  std::string ids;  ///< of the deliveries, joined
  std::int64_t deadline_ms = 0;
};

void add_to(batch_part& part, sdk::batch_item&& item) {
  const auto& what = item.what;
  if (part.calls.empty()) {
    part.values.organization_id = what.organization_id();
    part.values.destination_id = what.destination_id();
    part.values.created_at_ms = what.created_at_ms();
  }
  append_line(part.lines, what);
  part.ids.append(what.delivery_id()).append("\n");
  part.sizes.push_back(what.size());
  part.deadline_ms = std::max(part.deadline_ms, what.deadline_ms());
  part.calls.push_back(std::move(item.done));
}

[[nodiscard]] new_object object_of(const target& to, batch_part& part) {
  // The same for the same deliveries in the same order, whichever attempt it is: a repeat replaces its own object.
  part.values.batch_id = "bat_" + transfer::to_hex(transfer::sha256(part.ids)).substr(0, 26);
  part.values.count = part.calls.size();
  new_object out;
  out.key = to.settings.batch_key.render_path(part.values);
  out.content_type = "application/x-ndjson";
  out.metadata = common_metadata(to, part.values.organization_id, part.values.destination_id, part.values.created_at_ms);
  out.metadata.emplace_back("waybill-batch", part.values.batch_id);
  out.metadata.emplace_back("waybill-count", std::to_string(part.values.count));
  out.resume_name = part.values.batch_id;
  out.bytes = make_content(std::move(part.lines));
  return out;
}

/// A record with one more member at its end; as it is if it is no object or would grow beyond what the host keeps.
[[nodiscard]] std::string with_batch(const std::string& record, std::size_t size, std::size_t index) {
  const auto more = ",\"batch\":{\"size\":" + std::to_string(size) + ",\"index\":" + std::to_string(index) + "}}";
  if (record.size() < 3 || record.back() != '}' || record.size() + more.size() > transfer::max_record_bytes) return record;
  return record.substr(0, record.size() - 1) + more;
}

void answer_all(target& to, batch_part& part, const sdk::result& all) {
  for (std::size_t i = 0; i < part.calls.size(); ++i) {
    auto own = all;
    own.bytes_sent = all.what == sdk::action::delivered ? part.sizes[i] : 0;
    if (!all.external_reference.empty()) own.external_reference += "#line=" + std::to_string(i + 1);
    own.request = with_batch(all.request, part.calls.size(), i);
    to.end(part.calls[i].token());
    part.calls[i](own);
  }
}

void store_part(const std::shared_ptr<target>& to, batch_part&& from) {
  if (from.calls.empty()) return;
  const auto part = std::make_shared<batch_part>(std::move(from));
  auto object = object_of(*to, *part);
  std::string why;
  if (!is_possible(object.key, why)) return answer_all(*to, *part, impossible(std::move(why)));
  std::vector<wb_token> tokens;
  for (const auto& one : part->calls) tokens.push_back(one.token());
  auto by = to->begin(tokens, part->deadline_ms);
  to->client->put(std::move(by), std::move(object), [to, part, presence = to->presence()](const sdk::result& r) {
    answer_all(*to, *part, r);
    if (r.what == sdk::action::delivered)
      to->housekeeping->tick(part->values.organization_id, part->values.destination_id, sdk::now_ms());
  });
}

}  // namespace

void store_delivery(const std::shared_ptr<target>& to, const sdk::delivery& what, sdk::completion&& done) {
  auto object = object_of(*to, what, to->presence());
  std::string why;
  if (!is_possible(object.key, why)) return done(impossible(std::move(why)));
  auto by = to->begin({done.token()}, what.deadline_ms());
  const auto held = std::make_shared<sdk::completion>(std::move(done));
  to->client->put(std::move(by), std::move(object),
                  [to, held, presence = to->presence(), organization = std::string{what.organization_id()},
                   destination = std::string{what.destination_id()}](const sdk::result& r) {
                    to->end(held->token());
                    (*held)(r);
                    if (r.what == sdk::action::delivered) to->housekeeping->tick(organization, destination, sdk::now_ms());
                  });
}

void store_batch(const std::shared_ptr<target>& to, std::vector<sdk::batch_item> items) {
  batch_part part;
  for (auto& item : items) {
    if (!item.what.in_memory()) {
      store_delivery(to, item.what, std::move(item.done));
      continue;
    }
    add_to(part, std::move(item));
    if (part.lines.size() >= most_batch_bytes) store_part(to, std::exchange(part, {}));
  }
  store_part(to, std::move(part));
}

void store_test(const std::shared_ptr<target>& to, std::int64_t deadline_ms, sdk::completion&& done) {
  auto by = to->begin({done.token()}, deadline_ms);
  const auto held = std::make_shared<sdk::completion>(std::move(done));
  const auto finish = [to, held, presence = to->presence()](const sdk::result& r) {
    to->end(held->token());
    (*held)(r);
  };
  std::array<std::uint8_t, 12> random{};
  static_cast<void>(sdk::random_bytes(random.data(), random.size()));
  new_object object;
  // In the folder that every path begins with, as far as it is the same for all.
  object.key = to->settings.key.path_prefix(destination_values{});
  object.key.erase(object.key.rfind('/') + 1);
  object.key += ".waybill-test-" + transfer::to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  object.content_type = "text/plain";
  object.bytes = make_content("Waybill has tested whether it may write here.\n");
  stored_object left;
  left.key = object.key;
  to->client->put(by, std::move(object), [to, by, left, finish](const sdk::result& put) {
    if (put.what != sdk::action::delivered) return finish(put);
    to->client->remove(by, left, [to, left, finish, put](sdk::result removed) {
      if (removed.what == sdk::action::delivered) return finish(put);
      removed.detail = "writing succeeded, but " + left.key + " could not be deleted again: " + removed.detail;
      removed.message = "The store lets objects be written but not deleted.";
      // Who keeps objects for ever needs no right to delete.
      if (to->settings.retention.auto_cleanup || removed.why != category::authentication) return finish(removed);
      to->host->log(sdk::log_level::warning, removed.detail);
      auto good = put;
      good.detail = removed.detail;
      finish(good);
    });
  });
}

}  // namespace waybill::storage
