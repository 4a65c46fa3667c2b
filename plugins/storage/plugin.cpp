// SPDX-License-Identifier: Apache-2.0
#include <waybill/handler.hpp>

#include "storage_handler.hpp"

WAYBILL_PLUGIN(waybill::storage::storage_handler);
