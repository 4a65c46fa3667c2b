// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <waybill/result.hpp>

#include "call.hpp"
#include "object.hpp"

namespace waybill::storage {

/// A page of a listing.
struct listing {
  std::vector<stored_object> objects;
  std::string next;  ///< where the following page begins; empty: this was the last
};

/// One provider's way to a bucket, container or folder: what the handler, its connection test and its retention ask of it.
/// Made when a handler opens, shared with the work under way.
/// THREAD: every member from any thread. Nothing blocks; `then` is called exactly once, on any thread, perhaps before the
/// member returns. A result that is not `delivered` says by action, category, code, detail and message what went wrong, and
/// never holds a secret.
class store_client {
public:
  using done = std::function<void(sdk::result)>;
  using listed = std::function<void(sdk::result, listing)>;
  using owned = std::function<void(sdk::result, stored_object)>;

  virtual ~store_client() = default;

  /// Stores an object, replacing one of the same key, as a whole or not at all: a reader never sees half of it. Verified by
  /// the peer with a checksum. The result has external_reference (a URI of the object), bytes_sent, request and response.
  virtual void put(call_ptr by, new_object what, done then) = 0;
  /// Objects whose keys begin with `prefix`, one page; `from` is empty or an earlier page's `next`. `before_ms`: the caller
  /// wants none that were modified later; a provider may leave them out or not.
  virtual void list(call_ptr by, std::string prefix, std::string from, std::int64_t before_ms, listed then) = 0;
  /// Finds out `what.owner` (and what else is not known): asked only where the listing does not tell. An object that is
  /// gone has the owner "".
  virtual void find_owner(call_ptr by, stored_object what, owned then) = 0;
  /// Deletes an object if it is still of `what.version`, as far as the provider can tell. Gone already, or replaced, counts
  /// as delivered.
  virtual void remove(call_ptr by, stored_object what, done then) = 0;
  /// Gives up interrupted uploads of this destination that nobody will take up again (begun before `before_ms`).
  virtual void abandon_uploads(call_ptr by, std::int64_t before_ms, done then) = 0;
};

}  // namespace waybill::storage
