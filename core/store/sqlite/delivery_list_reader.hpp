// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/records.hpp"
#include "core/store/sqlite/delivery_reader.hpp"

namespace waybill::core::sqlite {

/// Lists deliveries, newest (greatest id) first, with every filter of delivery_filter. It walks the narrowest source of
/// candidates that the filter allows (correlation, tag, destination, failed or cancelled tasks, what waits, or all of the
/// organization) by delivery id downwards, and looks at each candidate. Every source is a range of an index. A call looks at
/// a bounded number of candidates, so a page can be short and still have a cursor. The caller holds the snapshot.
class delivery_list_reader {
public:
  delivery_list_reader(database& db, delivery_reader& deliveries, task_reader& tasks);

  result<page<delivery_view>> list(organization_id org, const delivery_filter& filter, const page_request& request);

private:
  enum class source : std::uint8_t { all = 1, correlation, tag, destination, unhappy, waiting };
  /// Ids in [low, before), and where they come from.
  struct walk {
    organization_id org;
    const delivery_filter& filter;
    source from = source::all;
    id_bytes low{};
    id_bytes before{};
  };

  struct candidates {
    std::vector<delivery_id> ids;  ///< each once, downwards
    bool more = false;             ///< the source may have others below the last
  };

  result<walk> begin_walk(organization_id org, const delivery_filter& filter, const page_request& request);
  result<void> narrow_by_time(walk& range);
  static result<candidates> collect(rows found, std::uint32_t count);
  result<candidates> next_candidates(const walk& range, std::uint32_t count);
  result<candidates> of_destination(const walk& range, std::uint32_t count);
  result<bool> matches(const delivery_head& head, const delivery_filter& filter);

  delivery_reader& deliveries_;
  task_reader& tasks_;
  statement all_;
  statement correlation_;
  statement tag_;
  statement log_;
  statement queue_;
  statement unhappy_;
  statement waiting_;
  statement skew_;
};

}  // namespace waybill::core::sqlite
