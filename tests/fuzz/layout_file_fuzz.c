/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is accepted as a layout file comes back from both of its written forms as the same
 * bytes, can be had or is refused on a mixed machine, and what can be had is said again by the
 * file that is made of it.
 */
#include <stdlib.h>
#include <string.h>

#include <mig/config.h>

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

enum { N_GPUS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mig_config_gpu *machine(void)
{
	static const char *const keys[N_GPUS] = { "A100-SXM4-80GB", "A30",
						  "RTX-PRO-6000-Blackwell", NULL };
	static struct mig_config_gpu gpus[N_GPUS];
	static struct mig_catalog *catalog;

	for (int i = 0; !catalog && i < N_GPUS; i++)
		gpus[i] = (struct mig_config_gpu){ .index = i,
						   .has_mig = keys[i] != NULL,
						   .uuid = i ? NULL : "GPU-0",
						   .bus_id = i ? NULL : "00000000:07:00.0" };
	if (!catalog) {
		CHECK(mig_catalog_open(NULL, &catalog, NULL) == 0);
		for (int i = 0; i < N_GPUS; i++)
			CHECK(!keys[i] ||
			      mig_catalog_find(catalog, keys[i], &gpus[i].type, NULL) == 0);
	}
	return gpus;
}

static void round_trip(const struct mig_layout_file *file, enum mig_config_format format)
{
	struct mig_layout_file *again = NULL;
	char *text = NULL, *second = NULL;

	CHECK(mig_layout_file_write(file, format, &text, NULL) == 0);
	CHECK(mig_layout_file_is(text, strlen(text)));
	CHECK(mig_layout_file_parse(text, strlen(text), "again", &again, NULL) == 0);
	CHECK(mig_layout_file_write(again, format, &second, NULL) == 0);
	CHECK(strcmp(text, second) == 0);
	mig_layout_file_free(again);
	free(text);
	free(second);
}

static void made_again(const struct mig_config_want *wants)
{
	struct mig_layout_state states[N_GPUS];
	struct mig_config_want back[N_GPUS];
	struct mig_layout_file *file = NULL;
	size_t n = 0;

	for (int i = 0; i < N_GPUS; i++) {
		const struct mig_config_present have = {
			.index = i,
			.mig_enabled = wants[i].mode == MIG_CONFIG_ON,
			.have = wants[i].request,
		};

		CHECK(mig_config_match(&wants[i], &have) == MIG_CONFIG_SAME);
		if (wants[i].mode != MIG_CONFIG_UNTOUCHED)
			states[n++] = (struct mig_layout_state){
				.index = i,
				.mig_enabled = wants[i].mode == MIG_CONFIG_ON,
				.request = &wants[i].request,
				.names = &wants[i].names,
			};
	}
	if (n == 0)
		return;
	CHECK(mig_layout_file_make(NULL, states, n, &file, NULL) == 0);
	round_trip(file, MIG_CONFIG_YAML);
	CHECK(mig_layout_file_select(file, NULL, machine(), N_GPUS, back, NULL) == 0);
	for (int i = 0; i < N_GPUS; i++) {
		CHECK(back[i].mode == wants[i].mode);
		CHECK(back[i].request.n == wants[i].request.n);
		CHECK(memcmp(&back[i].names, &wants[i].names, sizeof(back[i].names)) == 0);
	}
	mig_layout_file_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mig_config_want wants[N_GPUS];
	struct mig_layout_file *file = NULL;
	struct mig_error err = { 0 };

	if (mig_layout_file_parse((const char *)data, size, "fuzz", &file, &err) < 0) {
		CHECK(file == NULL && strncmp(err.msg, "fuzz:", 5) == 0);
		return 0;
	}
	CHECK(mig_layout_file_is((const char *)data, size));
	round_trip(file, MIG_CONFIG_YAML);
	round_trip(file, MIG_CONFIG_JSON);
	if (mig_layout_file_select(file, NULL, machine(), N_GPUS, wants, &err) == 0)
		made_again(wants);
	else
		CHECK(strncmp(err.msg, "fuzz:", 5) == 0);
	mig_layout_file_free(file);
	return 0;
}
