/* SPDX-License-Identifier: Apache-2.0 */
/* What is held by somebody whom the driver does not know. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/changes.h"

static void what_a_pod_was_given_is_not_destroyed(void **state)
{
	struct mig_holder pod = { .kind = MIG_HOLDER_POD,
				  .seen = MIG_SEEN_KUBELET,
				  .blocks = MIG_BLOCKS_INSTANCE | MIG_BLOCKS_MODE,
				  .uid = -1,
				  .from = { .kind = MIG_HOLDER_POD, .pod = "team-a/chat" } };
	const struct mig_who who = { .n = 1, .holders = &pod };
	const struct mig_run_options opt = { .who = &who };
	char before[512];

	(void)state;
	start(A100);
	reach("3g.40gb@0 3g.40gb@4");
	pod.gi = snap.gpus[0].gis[1].id;
	snprintf(before, sizeof(before), "%s", now());
	make("7g.80gb");
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), -MIG_E_BUSY);
	assert_true(has_words(err.msg, "held by pod team-a/chat on GPU 0 GI 2"));
	assert_true(has_words(err.msg, "kubectl"));
	assert_string_equal(now(), before);
	/* The other instance is not the pod's. */
	make("1g.10gb@0 3g.40gb@4");
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), 0);
	/* What was only the driver's word is asked of the driver anew. */
	pod.seen = MIG_SEEN_DRIVER;
	look();
	make("1g.10gb@0 2g.20gb@4");
	assert_int_equal(mig_change_run(machine, &snap, &change, &opt, &err), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_pod_was_given_is_not_destroyed),
	};

	door_open();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
