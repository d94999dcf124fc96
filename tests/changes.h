/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated machine, a snapshot of it and a change, for tests of changes. Include it after
 * cmocka.h.
 */
#ifndef TESTS_CHANGES_H
#define TESTS_CHANGES_H

#include <mig/manage.h>

#include "tests/opened.h"

#define A100 "1xA100-SXM4-80GB"

static const char *name;
static struct mig_machine *machine;
static struct mig_snapshot snap;
static struct mig_change change;
static struct mig_error err;

static inline void look(void)
{
	mig_snapshot_free(&snap);
	snap = snapshot_of(machine);
}

static inline void start_driver(const char *spec, const char *driver)
{
	name = machine_start(spec, driver);
	machine = machine_open(name, catalog);
	look();
}

static inline void start(const char *spec)
{
	start_driver(spec, NULL);
	for (int i = 0; i < snap.n_gpus; i++)
		mig_on((unsigned)i);
	look();
}

static inline void stop(void)
{
	mig_change_free(&change);
	mig_snapshot_free(&snap);
	mig_machine_close(machine);
	machine_stop();
}

/* "3g.40gb@4 2x1g.10gb" as a request; "-3g.40gb" is one without compute instances. */
static inline struct mig_wanted want(const char *text)
{
	struct mig_wanted w = { .mode = MIG_WANT_ON,
				.request = mig_request_empty(snap.gpus[0].type) };
	char item[64];
	int n;

	for (; sscanf(text, " %63s%n", item, &n) == 1; text += n) {
		if (mig_request_add(&w.request, item + (item[0] == '-'), &err) < 0)
			fail_msg("%s: %s", item, err.msg);
		if (item[0] == '-')
			w.request.want[w.request.n - 1].n_ci = 0;
	}
	return w;
}

static inline void make(const char *text)
{
	const struct mig_wanted w = want(text);

	mig_change_free(&change);
	if (mig_change_make_one(&snap, 0, &w, NULL, &change, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
}

static inline int run(void)
{
	static const struct mig_run_options plain;

	err = (struct mig_error){ 0 };
	return mig_change_run(machine, &snap, &change, &plain, &err);
}

static inline void reach(const char *text)
{
	look();
	make(text);
	if (run() < 0)
		fail_msg("%s: %s", text, err.msg);
	look();
}

/* What GPU 0 has now, in words and with starts; the driver is asked anew. */
static inline const char *now(void)
{
	static char text[512];
	struct mig_request req;

	look();
	req = mig_gpu_request(&snap.gpus[0]);
	return mig_request_format(&req, text, sizeof(text));
}

#endif
