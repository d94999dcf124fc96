/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mig/parted.h>

static struct mig_hooks *parse(const char *text)
{
	struct mig_hooks *hooks = NULL;
	struct mig_error err = { 0 };

	if (mig_hooks_parse(text, strlen(text), "h.yaml", &hooks, &err) < 0)
		fail_msg("%s", err.msg);
	return hooks;
}

static void refused(const char *text, const char *msg)
{
	struct mig_hooks *hooks = NULL;
	struct mig_error err = { 0 };

	assert_int_equal(mig_hooks_parse(text, strlen(text), "h.yaml", &hooks, &err),
			 -MIG_E_SYNTAX);
	assert_string_equal(err.msg, msg);
	assert_null(hooks);
}

/* A hook's faults: it begins on line 4. */
static void hook_refused(const char *hook, const char *msg)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "version: v1\nhooks:\n  apply-exit:\n%s", hook);
	refused(buf, msg);
}

static void a_file_as_the_packages_ship_it_is_read(void **state)
{
	struct mig_hooks *hooks =
		parse("version: v1\n"
		      "hooks:\n"
		      "    apply-start:\n"
		      "    - workdir: \"/etc/nvidia-mig-manager\"\n"
		      "      command: \"/bin/bash\"\n"
		      "      args: [\"-x\", \"-c\", \"echo ${MIG_PARTED_SELECTED_CONFIG}\"]\n"
		      "    apply-exit:\n"
		      "    - command: systemctl\n"
		      "      args: [start, dcgm]\n"
		      "      envs: {LANG: C, N: 3, EMPTY: }\n"
		      "    - command: /bin/true\n");
	const struct mig_hook *h;

	(void)state;
	assert_string_equal(hooks->name, "h.yaml");
	assert_int_equal(hooks->n[MIG_HOOK_APPLY_START], 1);
	assert_int_equal(hooks->n[MIG_HOOK_PRE_APPLY_MODE], 0);
	assert_int_equal(hooks->n[MIG_HOOK_PRE_APPLY_CONFIG], 0);
	assert_int_equal(hooks->n[MIG_HOOK_APPLY_EXIT], 2);
	h = &hooks->of[MIG_HOOK_APPLY_START][0];
	assert_int_equal(h->line, 4);
	assert_string_equal(h->workdir, "/etc/nvidia-mig-manager");
	assert_int_equal(h->n_args, 3);
	assert_string_equal(h->argv[0], "/bin/bash");
	assert_string_equal(h->argv[3], "echo ${MIG_PARTED_SELECTED_CONFIG}");
	assert_null(h->argv[4]);
	assert_int_equal(h->n_envs, 0);
	assert_null(h->envs[0]);
	h = &hooks->of[MIG_HOOK_APPLY_EXIT][0];
	assert_null(h->workdir);
	assert_int_equal(h->n_envs, 3);
	assert_string_equal(h->envs[0], "LANG=C");
	assert_string_equal(h->envs[1], "N=3");
	assert_string_equal(h->envs[2], "EMPTY=");
	assert_null(h->envs[3]);
	h = &hooks->of[MIG_HOOK_APPLY_EXIT][1];
	assert_int_equal(h->n_args, 0);
	assert_null(h->argv[1]);
	mig_hooks_free(hooks);
}

static void json_and_files_without_hooks_are_read(void **state)
{
	struct mig_hooks *hooks =
		parse("{\"version\": \"v1\", \"hooks\": {\"pre-apply-mode\": [{\"command\": "
		      "\"a\", \"args\": null, \"envs\": null, \"workdir\": \"\"}]}}");

	(void)state;
	assert_int_equal(hooks->n[MIG_HOOK_PRE_APPLY_MODE], 1);
	assert_null(hooks->of[MIG_HOOK_PRE_APPLY_MODE][0].workdir);
	mig_hooks_free(hooks);
	hooks = parse("version: v1\nhooks: {}\n");
	mig_hooks_free(hooks);
	hooks = parse("version: v1\nhooks: {apply-start: , apply-exit: []}\n");
	for (int i = 0; i < MIG_N_HOOK_POINTS; i++)
		assert_int_equal(hooks->n[i], 0);
	mig_hooks_free(hooks);
	mig_hooks_free(NULL);
}

static void every_point_has_the_name_that_files_use(void **state)
{
	(void)state;
	assert_string_equal(mig_hook_point_name(MIG_HOOK_APPLY_START), "apply-start");
	assert_string_equal(mig_hook_point_name(MIG_HOOK_PRE_APPLY_MODE), "pre-apply-mode");
	assert_string_equal(mig_hook_point_name(MIG_HOOK_PRE_APPLY_CONFIG), "pre-apply-config");
	assert_string_equal(mig_hook_point_name(MIG_HOOK_APPLY_EXIT), "apply-exit");
	assert_string_equal(mig_hook_point_name(MIG_N_HOOK_POINTS), "no hook");
}

static void a_fault_is_told_with_its_line(void **state)
{
	(void)state;
	refused("", "h.yaml:1: nothing in it");
	refused("[]\n", "h.yaml:1: a hooks file is a map with \"version\" and \"hooks\"");
	refused("hooks: {}\n", "h.yaml:1: \"version\" is missing here; write version: v1");
	refused("version: v2\nhooks: {}\n", "h.yaml:1: version \"v2\" is not known, only v1");
	refused("version: v1\n", "h.yaml:1: \"hooks\" is missing here");
	refused("version: v1\nhook: {}\n",
		"h.yaml:2: unknown key \"hook\": did you mean \"hooks\"? (known: version, "
		"hooks)");
	refused("version: v1\nhooks: {aply-exit: []}\n",
		"h.yaml:2: unknown key \"aply-exit\": did you mean \"apply-exit\"? (known: "
		"apply-start, pre-apply-mode, pre-apply-config, apply-exit)");
	refused("version: v1\nhooks: {apply-exit: {command: a}}\n",
		"h.yaml:2: \"apply-exit\" must be a list of hooks");
	hook_refused("  - /bin/true\n", "h.yaml:4: a hook must be a map with \"command\"");
	hook_refused("  - args: [a]\n",
		     "h.yaml:4: \"command\" is missing here; a hook is a \"command\" with "
		     "\"args\", \"envs\" and \"workdir\" where they are wanted");
	hook_refused("  - command: ''\n", "h.yaml:4: \"command\" must not be empty");
	hook_refused("  - command: a\n    arg: [b]\n",
		     "h.yaml:5: unknown key \"arg\": did you mean \"args\"? (known: command, "
		     "args, envs, workdir)");
	hook_refused("  - command: a\n    args: b\n",
		     "h.yaml:5: \"args\" must be a list of texts, such as [stop, dcgm]");
	hook_refused("  - command: a\n    args: [b, [c]]\n",
		     "h.yaml:5: an item of \"args\" must be a text, not a list");
	hook_refused("  - command: a\n    envs: [A=b]\n",
		     "h.yaml:5: \"envs\" must be a map of texts, such as {LANG: C}");
	hook_refused("  - command: a\n    envs: {A=b: c}\n",
		     "h.yaml:5: \"A=b\" cannot be the name of an environment variable");
	hook_refused("  - command: a\n    envs: {A: {b: c}}\n",
		     "h.yaml:5: a value of \"envs\" must be a text, not a map");
	hook_refused("  - command: a\n    workdir: [b]\n",
		     "h.yaml:5: \"workdir\" must be a text, not a list");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	struct mig_hooks *hooks = NULL;
	struct mig_error err = { 0 };

	(void)state;
	assert_int_equal(mig_hooks_read("/nowhere/hooks.yaml", &hooks, &err), -MIG_E_IO);
	assert_non_null(strstr(err.msg, "/nowhere/hooks.yaml"));
	assert_null(hooks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_as_the_packages_ship_it_is_read),
		cmocka_unit_test(json_and_files_without_hooks_are_read),
		cmocka_unit_test(every_point_has_the_name_that_files_use),
		cmocka_unit_test(a_fault_is_told_with_its_line),
		cmocka_unit_test(a_file_that_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
