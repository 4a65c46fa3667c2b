// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

namespace waybill::core {

/// Names the calling thread as `top -H` and `perf` show it: at most 15 bytes, longer ones are ignored by the kernel.
inline void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

}  // namespace waybill::core
