// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/store/postgres/statement.hpp"
#include "core/store/postgres/task_reader.hpp"
#include "core/store/records.hpp"
#include "core/store/stored_task.hpp"

namespace waybill::core::postgres {

/// Reads deliveries, many at a time. The caller holds the snapshot.
class delivery_reader {
public:
  delivery_reader(connection& db, task_reader& tasks);

  /// Nothing if the organization has no such delivery.
  result<std::optional<delivery_head>> head(organization_id org, delivery_id id);
  /// Greatest id first; those that are not there are left out.
  result<std::vector<delivery_head>> heads(organization_id org, const std::vector<delivery_id>& ids);
  /// One for each head, in order.
  result<std::vector<delivery_view>> views(const std::vector<delivery_head>& heads, bool with_attempts);
  result<delivery_view> get(organization_id org, delivery_id id, bool with_attempts);
  result<delivery_ptr> content(organization_id org, delivery_id id);
  result<attempt> get_attempt(organization_id org, delivery_id delivery, attempt_id id);
  result<std::optional<organization_id>> owner_of(delivery_id id);

private:
  task_reader& tasks_;
  statement head_;
  statement heads_;
  statement content_;
  statement owner_;
  array_parameter ids_{oid::uuid};
};

}  // namespace waybill::core::postgres
