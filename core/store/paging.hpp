// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/store/cursor_text.hpp"
#include "core/store/records.hpp"

namespace waybill::core {

/// A page out of rows that were read with LIMIT limit + 1. `Rows` is the engine's reader of a result; `from` makes an item
/// of the row it stands at, or fails.
template <class T, class Rows, class From>
result<page<T>> paginate(Rows found, cursor_kind kind, std::uint32_t limit, From from) {
  page<T> answer;
  while (found.next()) {
    if (answer.items.size() >= std::max(limit, 1u)) {
      answer.next_cursor = make_cursor(kind, answer.items.back().id.bytes());
      return answer;
    }
    result<T> one = from(found);
    if (!one) return fail(one.error());
    answer.items.push_back(std::move(*one));
  }
  if (found.failed()) return fail(found.failure());
  return answer;
}

}  // namespace waybill::core
