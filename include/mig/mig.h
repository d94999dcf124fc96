/* SPDX-License-Identifier: Apache-2.0 */
/* All of libmig's public face. Each header stands alone, too. */
#ifndef MIG_MIG_H
#define MIG_MIG_H

#include <mig/catalog.h>
#include <mig/claim.h>
#include <mig/config.h>
#include <mig/cost.h>
#include <mig/device.h>
#include <mig/error.h>
#include <mig/geometry.h>
#include <mig/manage.h>
#include <mig/parted.h>
#include <mig/plan.h>
#include <mig/record.h>
#include <mig/smi.h>
#include <mig/verify.h>
#include <mig/who.h>
#include <mig/workload.h>

#endif
