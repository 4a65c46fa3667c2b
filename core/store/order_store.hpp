// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/model/error.hpp"
#include "core/store/order_records.hpp"

namespace waybill::core {

/// The part of a write session that looks after ordering keys and deadlines.
///
/// Of each destination and ordering key at most one task may go at a time: the earliest by order of acceptance. The others
/// are held in the store, where no claim finds them. A task that waits for its retry is still the first of its key, unless
/// the destination's policy lets the next pass (skip). One that becomes a dead letter makes way for the next, unless the
/// policy parks the key (park): then the later ones are held until that dead letter is redriven or discarded. A redriven
/// task goes before all that were accepted after it. Every call that ends, moves or revives tasks keeps to this by itself.
class order_writes {
public:
  virtual ~order_writes() = default;
  /// What the transaction that was just committed (or is open) brought about, once. A rollback forgets it.
  virtual order_changes take_order_changes() = 0;
  /// At most `limit` tasks whose `deliver_by` is not after `now` become dead letters of the category timeout, without an
  /// attempt. One that is being tried is also taken: its owner ends the attempt first.
  virtual result<expire_result> expire(utc_time now, std::uint32_t limit) = 0;
};

}  // namespace waybill::core
