// SPDX-License-Identifier: Apache-2.0
#include "core/store/job_codec.hpp"

#include <algorithm>
#include <map>

#include "core/model/enum_names.hpp"

namespace waybill::core {
namespace {

constexpr enum_names<job_work, 2> job_work_names{{"redrive", "discard"}};
constexpr enum_names<job_state, 6> job_state_names{{"queued", "running", "paused", "completed", "cancelled", "failed"}};

template <class Id>
void put_ids(nlohmann::json& to, const char* name, const std::vector<Id>& ids) {
  if (ids.empty()) return;
  auto list = nlohmann::json::array();
  for (const auto& id : ids) list.push_back(id.to_string());
  to[name] = std::move(list);
}

void put_text(nlohmann::json& to, const char* name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}

/// Reads members of the one object that to_json made; anything else is remembered as broken.
class filter_reader {
public:
  explicit filter_reader(const nlohmann::json& from) : from_(from), broken_(!from.is_object()) {}

  template <class Id>
  std::vector<Id> ids(const char* name) {
    std::vector<Id> out;
    const auto* list = find(name);
    if (list == nullptr) return out;
    for (const auto& one : *list) {
      const auto id = one.is_string() ? Id::parse(one.template get_ref<const std::string&>()) : std::nullopt;
      if (id) out.push_back(*id);
      broken_ = broken_ || !id;
    }
    return out;
  }
  std::string text(const char* name) {
    const auto* value = find(name);
    if (value == nullptr) return {};
    broken_ = broken_ || !value->is_string();
    return value->is_string() ? value->get<std::string>() : std::string();
  }
  std::optional<utc_time> time(const char* name) {
    const auto said = text(name);
    const auto parsed = said.empty() ? std::nullopt : parse_rfc3339(said);
    broken_ = broken_ || (!said.empty() && !parsed);
    return parsed;
  }
  std::optional<failure_category> category(const char* name) {
    const auto said = text(name);
    const auto known = said.empty() ? std::nullopt : failure_category_from(said);
    broken_ = broken_ || (!said.empty() && !known);
    return known;
  }
  [[nodiscard]] bool broken() const { return broken_; }

private:
  const nlohmann::json* find(const char* name) const {
    if (!from_.is_object()) return nullptr;
    const auto found = from_.find(name);
    return found == from_.end() ? nullptr : &*found;
  }

  const nlohmann::json& from_;
  bool broken_;
};

tl::unexpected<error> forbidden_by(const job& j) {
  return fail(error_code::conflict, "The job is " + std::string(to_string(j.state)) + " already.");
}

}  // namespace

std::string_view to_string(job_work work) { return job_work_names.of(work); }
std::string_view to_string(job_state state) { return job_state_names.of(state); }
std::optional<job_work> job_work_from(std::string_view text) { return job_work_names.from(text); }
std::optional<job_state> job_state_from(std::string_view text) { return job_state_names.from(text); }

nlohmann::json to_json(const dead_letter_filter& filter) {
  auto json = nlohmann::json::object();
  put_ids(json, "destinationIds", filter.destinations);
  put_ids(json, "taskIds", filter.tasks);
  if (filter.category) json["category"] = to_string(*filter.category);
  put_text(json, "type", filter.destination_type);
  put_text(json, "payloadType", filter.payload_type);
  put_text(json, "tag", filter.tag);
  put_text(json, "correlationId", filter.correlation_id);
  if (filter.from) json["from"] = to_rfc3339(*filter.from);
  if (filter.to) json["to"] = to_rfc3339(*filter.to);
  return json;
}

result<dead_letter_filter> dead_letter_filter_from(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  filter_reader read(json);
  dead_letter_filter filter;
  filter.destinations = read.ids<destination_id>("destinationIds");
  filter.tasks = read.ids<task_id>("taskIds");
  filter.category = read.category("category");
  filter.destination_type = read.text("type");
  filter.payload_type = read.text("payloadType");
  filter.tag = read.text("tag");
  filter.correlation_id = read.text("correlationId");
  filter.from = read.time("from");
  filter.to = read.time("to");
  // A filter that lost a condition would take dead letters nobody named.
  if (read.broken()) return fail(error_code::internal_error, "the store holds a filter that cannot be read");
  return filter;
}

result<bool> apply(job& j, const job_change& change, utc_time now) {
  if (is_finished(j.state)) {
    if (change.what == job_change::kind::cancel && j.state == job_state::cancelled) return false;
    return forbidden_by(j);
  }
  const auto before = j;
  switch (change.what) {
    case job_change::kind::pause:
      j.state = job_state::paused;
      break;
    case job_change::kind::resume:
      // It waits for a slot like a new one; whoever runs it claims it again.
      if (j.state == job_state::paused) j.state = job_state::queued;
      break;
    case job_change::kind::cancel:
      j.state = job_state::cancelled;
      j.finished_at = now;
      break;
    case job_change::kind::rate:
      j.rate_per_second = change.rate_per_second;
      break;
  }
  if (j.state == before.state && j.rate_per_second == before.rate_per_second) return false;
  j.updated_at = now;
  return true;
}

std::vector<job> choose_jobs(const std::vector<job>& unfinished, std::uint64_t owner_epoch, const job_slots& slots) {
  std::vector<job> chosen;
  std::uint32_t running = 0;
  std::map<organization_id, std::uint32_t> running_of;
  const auto take = [&](const job& j) {
    chosen.push_back(j);
    chosen.back().owner_epoch = owner_epoch;
    chosen.back().state = job_state::running;
  };
  for (const auto& j : unfinished) {
    if (j.state != job_state::running) continue;
    ++running;
    ++running_of[j.organization];
    if (j.owner_epoch < owner_epoch) take(j);
  }
  for (const auto& j : unfinished) {
    if (j.state != job_state::queued || running >= slots.total) continue;
    auto& of_organization = running_of[j.organization];
    if (of_organization >= slots.per_organization) continue;
    ++running;
    ++of_organization;
    take(j);
  }
  return chosen;
}

bool may_step(const job& j, const job_step& step) {
  return j.state == job_state::running && j.owner_epoch == step.owner_epoch && j.cursor == step.from;
}

void advance(job& j, const job_step& step, std::uint64_t done, utc_time now) {
  j.done += done;
  j.skipped += step.portion.found.size() - done;
  j.cursor = step.portion.reached;
  j.updated_at = now;
  if (!step.portion.last) return;
  j.state = job_state::completed;
  j.finished_at = now;
}

dead_letter_filter bounded_filter(const job& j) {
  auto filter = j.filter;
  const auto bound = j.created_at + milliseconds{1};
  filter.to = filter.to ? std::min(*filter.to, bound) : bound;
  return filter;
}

tl::unexpected<error> no_such_job() { return fail(error_code::job_not_found, "There is no such job."); }
tl::unexpected<error> too_many_jobs() {
  return fail(error_code::conflict, "The organization has " + std::to_string(most_unfinished_jobs) +
                                        " unfinished jobs; wait for one, or cancel one.");
}
tl::unexpected<error> no_such_dead_letter() { return fail(error_code::not_found, "There is no such dead letter."); }

}  // namespace waybill::core
