// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/task_reader.hpp"

namespace waybill::core::sqlite {

/// Reads single deliveries. The caller holds the snapshot.
class delivery_reader {
public:
  delivery_reader(database& db, task_reader& tasks);

  /// Nothing if the organization has no such delivery.
  result<std::optional<delivery_head>> head(organization_id org, delivery_id id);
  result<delivery_view> view(const delivery_head& head, bool with_attempts);
  result<delivery_view> get(organization_id org, delivery_id id, bool with_attempts);
  result<delivery_ptr> content(organization_id org, delivery_id id);
  result<attempt> get_attempt(organization_id org, delivery_id delivery, attempt_id id);
  result<std::optional<organization_id>> owner_of(delivery_id id);

private:
  task_reader& tasks_;
  statement head_;
  statement content_;
  statement owner_;
};

}  // namespace waybill::core::sqlite
