/* SPDX-License-Identifier: Apache-2.0 */
/* migctl resolve - which device a name means, whoever calls it so. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/home.h"
#include "cli/resolve.h"
#include "shared/cleanup.h"
#include "shared/text.h"

/* Capabilities of no GPU's, where the driver's table cannot be read. Source:
 * NVIDIA/open-gpu-kernel-modules 595.45.04, nv-caps.c. */
enum { MINOR_CONFIG = 1, MINOR_MONITOR = 2 };

static int find_gpu_minor(const struct resolver *r, int minor_number)
{
	for (int i = 0; i < r->snap.n_gpus && minor_number >= 0; i++) {
		if (r->snap.gpus[i].minor == minor_number)
			return i;
	}
	return -1;
}

/* A place in the driver's table of capabilities; ids outlive instances, so say what is there. */
static int find_cap(const struct resolver *r, const char *text, int gpu, int gi, int ci,
		    struct mig_ref *ret, struct mig_error *err)
{
	char ids[64];

	if (ci >= 0)
		snprintf(ids, sizeof(ids), "%d/%d/%d", gpu, gi, ci);
	else
		snprintf(ids, sizeof(ids), "%d/%d", gpu, gi);
	if (mig_ref_parse(&r->snap, ids, ret, NULL, NULL) == 0)
		return 0;
	return mig_fail(
		err, MIG_E_NOENT,
		"%s belongs to %s instance %s, and none stands there now: it is stale, or "
		"of one that was not made yet",
		text, ci >= 0 ? "compute" : "GPU", ids);
}

static int find_minor(const struct resolver *r, const char *text, uint64_t wanted,
		      struct mig_ref *ret, struct mig_error *err)
{
	for (int g = 0; g < r->snap.n_gpus; g++) {
		for (int gi = 0; gi < MIG_CAPS_GIS; gi++) {
			for (int ci = -1; ci < MIG_CAPS_CIS; ci++) {
				const int m = resolve_minor(r, r->snap.gpus[g].minor, gi, ci);

				if (m >= 0 && (uint64_t)m == wanted)
					return find_cap(r, text, g, gi, ci, ret, err);
			}
		}
	}
	if (wanted == (uint64_t)(r->has_caps ? r->caps.config : MINOR_CONFIG) ||
	    wanted == (uint64_t)(r->has_caps ? r->caps.monitor : MINOR_MONITOR))
		return mig_fail(err, MIG_E_NOENT,
				"%s is no GPU's: it is the capability to %s all instances",
				text,
				wanted == (uint64_t)(r->has_caps ? r->caps.config
								 : MINOR_CONFIG)
					? "change"
					: "watch");
	return mig_fail(err, MIG_E_NOENT,
			"%s: no GPU of machine %s has a capability of minor %llu", text,
			r->snap.machine, (unsigned long long)wanted);
}

/* "/dev/nvidia-caps/nvidia-cap21", "nvidia-cap21", "cap21". Return: 1 when it was none. */
static int parse_cap(const struct resolver *r, const char *text, struct mig_ref *ret,
		     struct mig_error *err)
{
	static const char *const forms[] = { "/dev/nvidia-caps/nvidia-cap", "nvidia-cap",
					     "cap" };
	uint64_t wanted;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const size_t len = strlen(forms[i]);

		if (strncmp(text, forms[i], len) == 0 && text_parse_u64(text + len, &wanted))
			return find_minor(r, text, wanted, ret, err);
	}
	return 1;
}

/* "gpu0/gi2/access", "gpu0/gi2/ci0/access" as in mig-minors, or with a "/mig" behind the GPU as
 * in capabilities. The GPU is named by its minor number there. Return: 1 when it was none. */
static int parse_access(const struct resolver *r, const char *name, struct mig_ref *ret,
			struct mig_error *err)
{
	const char *text = name;
	int minor_number, gi, ci = -1, at = 0, len = 0, gpu;

	if (sscanf(text, "gpu%d%n", &minor_number, &at) < 1)
		return 1;
	text += at;
	text += strncmp(text, "/mig/", 5) == 0 ? 4 : 0;
	if (sscanf(text, "/gi%d/ci%d/access%n", &gi, &ci, &len) < 2 || len == 0) {
		ci = -1;
		len = 0;
		if (sscanf(text, "/gi%d/access%n", &gi, &len) < 1 || len == 0)
			return 1;
	}
	if (text[len] || gi < 0 || gi >= MIG_CAPS_GIS || ci >= MIG_CAPS_CIS)
		return 1;
	gpu = find_gpu_minor(r, minor_number);
	if (gpu < 0)
		return mig_fail(err, MIG_E_NOENT, "no GPU of machine %s has minor number %d",
				r->snap.machine, minor_number);
	return find_cap(r, name, gpu, gi, ci, ret, err);
}

/* "/dev/nvidia0". Return: 1 when it was none. */
static int parse_device(const struct resolver *r, const char *text, struct mig_ref *ret,
			struct mig_error *err)
{
	uint64_t n;

	if (strncmp(text, "/dev/nvidia", 11) != 0 || !text_parse_u64(text + 11, &n))
		return 1;
	*ret = (struct mig_ref){ .gpu = n > 255 ? -1 : find_gpu_minor(r, (int)n),
				 .gi = -1,
				 .ci = -1 };
	if (ret->gpu >= 0)
		return 0;
	return mig_fail(err, MIG_E_NOENT, "%s: no GPU of machine %s has that node", text,
			r->snap.machine);
}

/* What CDI and the kubelet write around a name: nvidia.com/gpu=0:1, gpu0, mig0:1, UUID::3. */
static void undress(const char *text, char *buf, size_t len)
{
	const char *equals = strchr(text, '=');
	char *replica;

	if (equals && memchr(text, '/', (size_t)(equals - text)))
		text = equals + 1;
	if (strncmp(text, "mig", 3) == 0 && isdigit((unsigned char)text[3]) &&
	    strchr(text, ':'))
		text += 3;
	else if (strncmp(text, "gpu", 3) == 0 && isdigit((unsigned char)text[3]) &&
		 !strchr(text, '/'))
		text += 3;
	text_copy(buf, len, text);
	replica = strstr(buf, "::");
	if (replica && strspn(replica + 2, "0123456789") == strlen(replica + 2))
		*replica = '\0';
}

/* A type means every device of it. Return: how many. */
static int say_slurm(struct resolver *r, const char *text)
{
	const int before = r->n;
	char type[MIG_NAME_MAX * 2];

	if (strncmp(text, "gpu:", 4) == 0)
		text += 4;
	for (int g = 0; g < r->snap.n_gpus; g++) {
		const struct mig_gpu *gpu = &r->snap.gpus[g];

		if (!gpu->mode &&
		    strcasecmp(text, resolve_slurm_type(gpu, "", type, sizeof(type))) == 0)
			resolve_say(r, &(struct mig_ref){ g, -1, -1 });
		for (int i = 0; i < gpu->n_gis; i++) {
			for (int c = 0; c < gpu->gis[i].n_cis; c++) {
				const char *p =
					resolve_profile(gpu, &gpu->gis[i], &gpu->gis[i].cis[c]);

				if (*p &&
				    strcasecmp(text, resolve_slurm_type(gpu, p, type,
									sizeof(type))) == 0)
					resolve_say(r, &(struct mig_ref){ g, i, c });
			}
		}
	}
	return r->n - before;
}

/* What is not found may be a GPU's that is lost, or on it. */
static int blame_lost(const struct resolver *r, int rc, struct mig_error *err)
{
	for (int i = 0; i < r->snap.n_gpus; i++) {
		if (rc == -MIG_E_NOENT && r->snap.gpus[i].is_lost)
			return mig_hint(err, rc, "or it is on GPU %d, which is lost", i);
	}
	return rc;
}

/* A UUID is all that is left of an instance; the record may say which it was. */
static int explain(const struct resolver *r, int rc, const char *text, struct mig_error *err)
{
	const struct mig_record_gone *gone =
		rc == -MIG_E_NOENT && r->home ? mig_record_was(&r->rec, text) : NULL;
	char was[320];

	if (gone)
		return mig_hint(err, rc, "it is stale: it was %s",
				resolve_gone_text(gone, was, sizeof(was)));

	if (rc == -MIG_E_NOENT && strncasecmp(text, "MIG-GPU-", 8) == 0)
		return mig_hint(err, rc, "the name is stale if it was right once");
	if (rc == -MIG_E_NOENT && strncasecmp(text, "MIG-", 4) == 0)
		return mig_hint(err, rc,
				"no MIG device has it now: it may have been destroyed, or be "
				"another machine's");
	return rc;
}

static int resolve(struct resolver *r, const char *text, struct mig_error *err)
{
	char name[256];
	struct mig_ref ref = { .gi = -1, .ci = -1 };
	bool is_name = false;
	int rc;

	if (strlen(text) >= sizeof(name))
		return mig_fail(err, MIG_E_SYNTAX, "%.40s...: no name is that long", text);
	undress(text, name, sizeof(name));
	rc = parse_cap(r, name, &ref, err);
	if (rc > 0)
		rc = parse_access(r, name, &ref, err);
	if (rc > 0)
		rc = parse_device(r, name, &ref, err);
	if (rc > 0) {
		if (say_slurm(r, name) > 0)
			return 0;
		/* What may be a name is nothing else. */
		is_name = r->home && mig_instance_name_ok(name);
		rc = is_name ? mig_record_find(&r->rec, r->home, &r->snap, name, &ref, err)
			     : mig_ref_parse(&r->snap, name, &ref, NULL, err);
		rc = explain(r, rc, name, err);
	}
	if (rc < 0) /* the record says itself of a name where it is */
		return is_name ? rc : blame_lost(r, rc, err);
	rc = mig_gpu_check_lost(&r->snap.gpus[ref.gpu], err);
	if (rc == 0)
		resolve_say(r, &ref);
	return rc;
}

/* --- The verb --------------------------------------------------------------------------- */

static void read_caps(struct cli *cli, struct resolver *r)
{
	const char *root;

	r->has_caps =
		cli_root(cli, &root, NULL) == 0 && mig_caps_read(root, &r->caps, NULL) == 0;
}

/* What was is not known to everybody; what is, is. */
static void read_record(struct cli *cli, struct resolver *r)
{
	struct mig_error err;
	int rc = cli_home(cli, &r->snap, &r->home, &err);

	if (rc == 0)
		rc = mig_record_read(r->home, &r->rec, &err);
	if (rc == 0)
		return;
	r->home = NULL;
	fprintf(stderr, "migctl: names are unknown: %s\n", err.msg);
}

static int run(struct cli *cli, struct mig_error *err)
{
	cleanup_free struct resolver *r = calloc(1, sizeof(*r));
	json_t *doc;
	int rc;

	if (!r)
		return mig_fail(err, MIG_E_NOMEM, "resolve %s", cli->argv[0]);
	rc = cli_machine(cli, &r->snap, err);
	if (rc < 0)
		return rc;
	read_caps(cli, r);
	read_record(cli, r);
	if (cli->is_json)
		r->matches = json_array();
	rc = resolve(r, cli->argv[0], err);
	if (rc == 0 && cli->is_json) {
		doc = cli_document("migctl.resolve/v1", &r->snap);
		json_object_set(doc, "matches", r->matches);
		rc = cli_print_json(cli, doc, err);
	}
	json_decref(r->matches);
	mig_record_free(&r->rec);
	mig_snapshot_free(&r->snap);
	return rc;
}

extern const struct verb verb_resolve;
const struct verb verb_resolve = {
	.name = "resolve",
	.operands = "NAME",
	.summary = "show every name of a GPU or MIG device, given any one",
	.text = "NAME is what anybody calls it: its stable name (team-a/llm), an index (0, 0:1), ids (0/2, 0/2/0), a place "
		"(0:3g.40gb@4), a UUID of either form, a PCI bus id, a device node (/dev/nvidia0, "
		"/dev/nvidia-caps/nvidia-cap21, cap21), a line of mig-minors (gpu0/gi2/access), a "
		"CDI name (nvidia.com/gpu=0:1), a kubelet's device id (MIG-...::3), or a type of "
		"Slurm's, which means every device of that type.\n\n"
		"A name of a place where nothing stands now is refused and called stale. Ids are "
		"used again, and a UUID follows from GPU and ids: one that was written down before "
		"a change may mean another instance after it. Where migctl made that change, the "
		"line uuid_stale_for says which it was and until when.",
	.example =
		"  migctl resolve 0:1\n  migctl resolve /dev/nvidia-caps/nvidia-cap21 --json\n",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
