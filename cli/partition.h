/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PARTITION_H
#define CLI_PARTITION_H

#include <mig/config.h>
#include <mig/device.h>

/** partition_present - what stands on a GPU, as partition files are compared with it. */
struct mig_config_present partition_present(const struct mig_gpu *gpu);

#endif
