/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes, kubelet, Slurm and the kernel say of themselves: whatever it is, a holder is of a
 * place that is there, and its words and its remedy are printable. The first byte chooses which.
 */
#include "lib/who/who.h"
#include "tests/models.h"
#include "tests/test.h"

static struct mig_gpu_type a100;
static struct mig_gpu gpus[2];
static struct mig_snapshot snap = { .machine = "lab", .n_gpus = 2, .gpus = gpus };

/* GPU 0: GI 2 3g.40gb@4 and GI 7 1g.10gb@0, a CI each; GPU 1: MIG off. */
static void make_machine(void)
{
	a100 = model_a100();
	for (int i = 0; i < 2; i++)
		gpus[i] = (struct mig_gpu){
			.index = i, .minor = i, .type = &a100, .uuid = "GPU-0"
		};
	gpus[0].mode = 1;
	gpus[0].n_gis = 2;
	gpus[0].gis[0] = (struct mig_gi){ .id = 7, .profile = 0, .start = 0, .n_cis = 1 };
	gpus[0].gis[0].cis[0] = (struct mig_ci){ .index = 1, .uuid = "MIG-b" };
	gpus[0].gis[1] = (struct mig_gi){ .id = 2, .profile = 4, .start = 4, .n_cis = 1 };
	gpus[0].gis[1].cis[0] = (struct mig_ci){ .index = 0, .uuid = "MIG-a" };
}

static void check_words(const char *text)
{
	for (; *text; text++)
		CHECK(*text >= ' ' && *text <= '~');
}

static void check_holder(const struct mig_holder *h)
{
	char text[4096];

	CHECK(h->gpu >= -1 && h->gpu < 2 && (h->gi < 0 || h->gi == 2 || h->gi == 7));
	check_words(h->name);
	check_words(mig_holder_text(h, text, sizeof(text)));
	check_words(mig_holder_remedy(h, text, sizeof(text)));
}

static void check_origin(const char *text)
{
	struct mig_holder h = { .gpu = -1, .gi = -1, .ci = -1, .pid = 1, .blocks = 3 };

	mig_origin_parse(text, &h.from);
	CHECK(strspn(h.from.container, "0123456789abcdef") == strlen(h.from.container));
	CHECK(strspn(h.from.pod_uid, "0123456789abcdef-") == strlen(h.from.pod_uid));
	h.kind = h.from.kind;
	check_holder(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_who_options opt = { .root = "", .driver_root = "", .node = "n1" };
	struct mig_who who = { 0 };
	struct who w = { .snap = &snap, .opt = &opt, .ret = &who };
	char *text;

	if (size < 1)
		return 0;
	if (!snap.gpus[0].type)
		make_machine();
	text = strndup((const char *)data + 1, size - 1);
	CHECK(text);
	switch (data[0] % 4) {
	case 0:
		check_origin(text);
		break;
	case 1:
		opt.kubelet.text = text;
		who_kubelet(&w);
		break;
	case 2:
		opt.slurm.text = text;
		who_slurm(&w);
		break;
	default:
		who_modules_of(&w, text);
	}
	CHECK(!w.is_short && who.n_unknowns <= MIG_WHO_UNKNOWNS_MAX);
	for (int i = 0; i < who.n; i++)
		check_holder(&who.holders[i]);
	for (int i = 0; i < who.n_unknowns; i++)
		check_words(who.unknowns[i].why);
	mig_who_free(&who);
	free(text);
	return 0;
}
