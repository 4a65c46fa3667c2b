# SPDX-License-Identifier: Apache-2.0
"""What the benchmark commands share: processes, machine, receiver, node, generator, outcomes, tables."""
