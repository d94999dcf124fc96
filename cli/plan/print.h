/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PLAN_PRINT_H
#define CLI_PLAN_PRINT_H

#include "cli/plan/seat.h"

/** plan_title - "machine: SIMULATED n" or "GPUs of the catalog: nothing here was asked". */
const char *plan_title(const struct fleet *fleet, char *buf, size_t len);

/** plan_print - a plan in words: what is proved and why, money, models, a picture of each GPU. */
void plan_print(const struct task *task, const struct task_problem *p,
		const struct mig_plan *plan, const struct seats *seats);

/** plan_money - "10.29 USD/h ..." with its sources, or that no price is known. */
void plan_money(const struct task *task, const struct task_problem *p,
		const struct mig_plan *plan);

/** plan_pool_gpus - GPUs of a pool with an instance on them. */
int64_t plan_pool_gpus(const struct mig_plan *plan, int pool);

/** plan_has_prices - is the price of every GPU that a plan uses known? */
bool plan_has_prices(const struct fleet *fleet, const struct mig_plan *plan);

/** plan_warnings - on stderr: models that fill little of the smallest instance. */
void plan_warnings(const struct task *task);

#endif
