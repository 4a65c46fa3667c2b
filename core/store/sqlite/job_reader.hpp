// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/store/job_codec.hpp"
#include "core/store/sqlite/statement.hpp"

namespace waybill::core::sqlite {

/// Reads jobs one by one and in pages, newest first.
class job_reader {
public:
  explicit job_reader(database& db);

  result<job> get(organization_id org, job_id id);
  result<page<job>> list(organization_id org, const job_filter& filter, const page_request& request);
  result<std::optional<organization_id>> owner_of(job_id id);

private:
  statement get_;
  statement list_;
  statement owner_;
};

}  // namespace waybill::core::sqlite
