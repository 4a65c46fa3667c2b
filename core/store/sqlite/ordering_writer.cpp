// SPDX-License-Identifier: Apache-2.0
#include "core/store/sqlite/ordering_writer.hpp"

#include "core/store/portable/ordering_writer_body.hpp"

template class waybill::core::portable::ordering_writer<waybill::core::sqlite::ordering_engine>;
