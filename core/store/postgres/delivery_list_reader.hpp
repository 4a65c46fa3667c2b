// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/store/postgres/delivery_reader.hpp"

namespace waybill::core::postgres {

/// Lists deliveries, newest (greatest id) first, with every filter of delivery_filter. It walks the narrowest source of
/// candidates that the filter allows (correlation, tag, destination, failed or cancelled tasks, what waits, or all of the
/// organization) by delivery id downwards, a chunk at a time, and looks at each candidate. A call looks at a bounded number
/// of candidates, so a page can be short and still have a cursor. The caller holds the snapshot.
class delivery_list_reader {
public:
  delivery_list_reader(connection& db, delivery_reader& deliveries, task_reader& tasks);

  result<page<delivery_view>> list(organization_id org, const delivery_filter& filter, const page_request& request);

private:
  enum class source : std::uint8_t { all = 1, correlation, tag, destination, unhappy, waiting };
  /// Ids in [low, before), and where they come from.
  struct walk {
    organization_id org;
    const delivery_filter& filter;
    source from = source::all;
    source then = source::all;  ///< once the newest were looked at: for sources that cannot be read in order
    id_bytes low{};
    id_bytes before{};
    std::uint32_t examined = 0;
  };

  struct candidates {
    std::vector<delivery_id> ids;  ///< each once, downwards
    bool more = false;             ///< the source may have others below the last
  };

  result<walk> begin_walk(organization_id org, const delivery_filter& filter, const page_request& request);
  result<source> first_source(const delivery_filter& filter);
  result<void> narrow_by_time(walk& range);
  static result<candidates> collect(rows found, std::uint32_t count);
  result<candidates> next_candidates(const walk& range, std::uint32_t count);
  result<candidates> of_destination(const walk& range, std::uint32_t count);
  /// Moves the wanted among the candidates to `wanted`, until there are `limit`. Says whether the walk may go on.
  result<bool> examine(walk& range, const candidates& some, std::uint32_t limit, std::vector<delivery_head>& wanted);
  result<std::vector<bool>> match(const std::vector<delivery_head>& heads, const delivery_filter& filter);

  delivery_reader& deliveries_;
  task_reader& tasks_;
  statement all_;
  statement correlation_;
  statement tag_;
  statement log_;
  statement queue_;
  statement queue_size_;
  statement unhappy_;
  statement waiting_;
  statement skew_;
};

}  // namespace waybill::core::postgres
