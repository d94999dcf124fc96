/* SPDX-License-Identifier: Apache-2.0 */
/* Reading hooks files. Nothing is run here. */
#include <mig/parted.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/config.h"
#include "shared/arena.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "shared/yaml.h"

static const char *const point_names[] = {
	[MIG_HOOK_APPLY_START] = "apply-start",
	[MIG_HOOK_PRE_APPLY_MODE] = "pre-apply-mode",
	[MIG_HOOK_PRE_APPLY_CONFIG] = "pre-apply-config",
	[MIG_HOOK_APPLY_EXIT] = "apply-exit",
	[MIG_N_HOOK_POINTS] = NULL,
};

struct reader {
	struct yaml_file *file;
	struct mig_hooks *hooks;
	struct mig_error *err;
};

const char *mig_hook_point_name(enum mig_hook_point point)
{
	return point < MIG_N_HOOK_POINTS ? point_names[point] : "no hook";
}

static int out_of_memory(const struct reader *r)
{
	return mig_fail(r->err, MIG_E_NOMEM, "read %s", yaml_name(r->file));
}

/* A word of a command line or environment: a text, whatever YAML takes it for. */
static int read_word(const struct reader *r, const char *what, const struct yaml_node *node,
		     const char **ret)
{
	if (node->kind != YAML_TEXT)
		return yaml_fail(r->file, node, r->err, "%s must be a text, not a %s", what,
				 node->kind == YAML_LIST ? "list" : "map");
	*ret = mig_config_string(r->hooks->memory, mig_config_is_null(node) ? "" : node->text);
	return *ret ? 0 : out_of_memory(r);
}

static int read_args(const struct reader *r, const struct yaml_node *map, struct mig_hook *hook)
{
	const struct yaml_node *args = yaml_get(map, "args");
	const size_t n = args && args->kind == YAML_LIST ? args->n : 0;
	const char **argv = mig_config_room(r->hooks->memory, n + 1, sizeof(*argv));
	const struct yaml_node *command;
	int rc = yaml_want(r->file, map, "command", YAML_TEXT, &command, r->err);

	if (rc < 0)
		return mig_hint(r->err, rc,
				"a hook is a \"command\" with \"args\", \"envs\" and "
				"\"workdir\" where they are wanted");
	if (!*command->text || mig_config_is_null(command))
		return yaml_fail(r->file, command, r->err, "\"command\" must not be empty");
	if (args && args->kind != YAML_LIST && !mig_config_is_null(args))
		return yaml_fail(r->file, args, r->err,
				 "\"args\" must be a list of texts, such as [stop, dcgm]");
	if (!argv)
		return out_of_memory(r);
	rc = read_word(r, "\"command\"", command, &argv[0]);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_word(r, "an item of \"args\"", args->items[i], &argv[i + 1]);
	hook->argv = argv;
	hook->n_args = n;
	return rc;
}

static int read_env(const struct reader *r, const struct yaml_node *key,
		    const struct yaml_node *value, const char **ret)
{
	const size_t room = strlen(key->text) + 1;
	const char *text;
	char *env;
	int rc;

	if (!*key->text || strchr(key->text, '='))
		return yaml_fail(r->file, key, r->err,
				 "\"%s\" cannot be the name of an environment variable",
				 key->text);
	rc = read_word(r, "a value of \"envs\"", value, &text);
	if (rc < 0)
		return rc;
	env = mig_config_room(r->hooks->memory, room + strlen(text) + 1, 1);
	if (!env)
		return out_of_memory(r);
	snprintf(env, room + strlen(text) + 1, "%s=%s", key->text, text);
	*ret = env;
	return 0;
}

static int read_envs(const struct reader *r, const struct yaml_node *map, struct mig_hook *hook)
{
	const struct yaml_node *envs = yaml_get(map, "envs");
	const size_t n = envs && envs->kind == YAML_MAP ? envs->n : 0;
	const char **list = mig_config_room(r->hooks->memory, n, sizeof(*list));
	int rc = 0;

	if (envs && envs->kind != YAML_MAP && !mig_config_is_null(envs))
		return yaml_fail(r->file, envs, r->err,
				 "\"envs\" must be a map of texts, such as {LANG: C}");
	if (!list)
		return out_of_memory(r);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = read_env(r, envs->keys[i], envs->items[i], &list[i]);
	hook->envs = list;
	hook->n_envs = n;
	return rc;
}

static int read_hook(const struct reader *r, const struct yaml_node *map, struct mig_hook *hook)
{
	static const char *const known[] = { "command", "args", "envs", "workdir", NULL };
	const struct yaml_node *workdir;
	int rc;

	if (map->kind != YAML_MAP)
		return yaml_fail(r->file, map, r->err, "a hook must be a map with \"command\"");
	hook->line = map->line;
	rc = yaml_keys(r->file, map, known, r->err);
	if (rc == 0)
		rc = read_args(r, map, hook);
	if (rc == 0)
		rc = read_envs(r, map, hook);
	workdir = yaml_get(map, "workdir");
	if (rc == 0 && workdir && !mig_config_is_null(workdir))
		rc = read_word(r, "\"workdir\"", workdir, &hook->workdir);
	if (rc == 0 && hook->workdir && !*hook->workdir)
		hook->workdir = NULL;
	return rc;
}

static int read_point(const struct reader *r, const struct yaml_node *list,
		      enum mig_hook_point point)
{
	struct mig_hook *hooks;

	if (!list || mig_config_is_null(list))
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_fail(r->file, list, r->err, "\"%s\" must be a list of hooks",
				 point_names[point]);
	hooks = mig_config_room(r->hooks->memory, list->n, sizeof(*hooks));
	if (!hooks)
		return out_of_memory(r);
	for (size_t i = 0; i < list->n; i++) {
		int rc = read_hook(r, list->items[i], &hooks[i]);

		if (rc < 0)
			return rc;
	}
	r->hooks->of[point] = hooks;
	r->hooks->n[point] = list->n;
	return 0;
}

static int read_root(const struct reader *r)
{
	static const char *const known[] = { "version", "hooks", NULL };
	const struct yaml_node *root = yaml_root(r->file), *node;
	int rc;

	if (root->kind != YAML_MAP)
		return yaml_fail(r->file, root, r->err,
				 "a hooks file is a map with \"version\" and \"hooks\"");
	rc = yaml_want(r->file, root, "version", YAML_TEXT, &node, r->err);
	if (rc < 0)
		return mig_hint(r->err, rc, "write version: v1");
	if (strcmp(node->text, "v1") != 0)
		return yaml_fail(r->file, node, r->err, "version \"%s\" is not known, only v1",
				 node->text);
	rc = yaml_keys(r->file, root, known, r->err);
	if (rc == 0)
		rc = yaml_want(r->file, root, "hooks", YAML_MAP, &node, r->err);
	if (rc == 0)
		rc = yaml_keys(r->file, node, point_names, r->err);
	for (int i = 0; rc == 0 && i < MIG_N_HOOK_POINTS; i++)
		rc = read_point(r, yaml_get(node, point_names[i]), (enum mig_hook_point)i);
	return rc;
}

/* Without hooks; NULL: out of memory. */
static struct mig_hooks *hooks_new(const char *name)
{
	struct mig_hooks *hooks = calloc(1, sizeof(*hooks));

	if (!hooks)
		return NULL;
	hooks->memory = calloc(1, sizeof(*hooks->memory));
	if (hooks->memory)
		hooks->name = mig_config_string(hooks->memory, name);
	if (!hooks->name) {
		mig_hooks_free(hooks);
		return NULL;
	}
	return hooks;
}

int mig_hooks_parse(const char *text, size_t len, const char *name, struct mig_hooks **ret,
		    struct mig_error *err)
{
	struct reader r = { .err = err };
	int rc = yaml_read(text, len, name, &r.file, err);

	if (rc < 0)
		return rc;
	r.hooks = hooks_new(name);
	rc = r.hooks ? read_root(&r) : out_of_memory(&r);
	yaml_file_free(r.file);
	if (rc < 0) {
		mig_hooks_free(r.hooks);
		return rc;
	}
	*ret = r.hooks;
	return 0;
}

int mig_hooks_read(const char *path, struct mig_hooks **ret, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int rc = mig_file_read_bytes(path, YAML_BYTES_MAX, &text, &len, err);

	return rc < 0 ? rc : mig_hooks_parse(text, len, path, ret, err);
}

void mig_hooks_free(struct mig_hooks *hooks)
{
	if (!hooks)
		return;
	if (hooks->memory)
		arena_free(hooks->memory);
	free(hooks->memory);
	free(hooks);
}
