/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine's journal and its record: what is accepted points nowhere but into itself, and a
 * refusal leaves nothing behind. The first byte chooses which of the two; a journal's lines get
 * the checksums that they lack, or nothing but damage would ever be read.
 */
#include "lib/manage/journal.h"
#include "tests/test.h"

static const struct mig_home home = {
	.is_simulated = true, .machine = "n", .id = "id", .boot = "id-1"
};

static void check_error(const struct mig_error *err, const char *where)
{
	CHECK(err->code > 0 && strncmp(err->msg, where, strlen(where)) == 0);
	CHECK(strlen(err->msg) < sizeof(err->msg));
}

static void check_gpus(const struct mig_record_gpu *gpus, int n)
{
	for (int g = 0; g < n; g++) {
		CHECK(gpus[g].n_gis >= 0 && gpus[g].n_gis <= MIG_GIS_MAX);
		CHECK(gpus[g].mode <= 1);
		for (int i = 0; i < gpus[g].n_gis; i++) {
			const struct mig_record_gi *gi = &gpus[g].gis[i];

			CHECK(gi->n_cis >= 0 && gi->n_cis <= MIG_CIS_MAX);
			CHECK(gi->start >= 0 && gi->start < MIG_UNITS_MAX);
			for (int k = 0; k < gi->n_cis; k++)
				CHECK(!*gi->cis[k].name ||
				      mig_instance_name_ok(gi->cis[k].name));
		}
	}
}

static void check_record(const char *text, size_t len)
{
	struct mig_record rec = { .n_changes = 77 };
	struct mig_error err = { 0 };

	if (mig_record_parse(text, len, "record", &home, &rec, &err) < 0) {
		check_error(&err, "record: ");
		CHECK(rec.n_changes == 77);
		return;
	}
	check_gpus(rec.gpus, rec.n_gpus);
	check_gpus(rec.before, rec.n_before);
	CHECK(rec.n_gone <= MIG_RECORD_GONE_MAX);
	mig_record_free(&rec);
}

static void check_journal(const char *text, size_t len)
{
	struct journal_text j = { .n_steps = 77 };
	struct mig_error err = { 0 };

	if (journal_parse(text, len, "journal", &home, &j, &err) < 0) {
		check_error(&err, "journal: ");
		CHECK(j.n_steps == 77);
		return;
	}
	check_gpus(j.gpus, j.n_gpus);
	for (int i = 0; i < j.n_gpus; i++)
		CHECK(j.states[i].n_written >= -1 || j.states[i].n_written == j.n_written);
	for (int i = 0; i < j.n_steps; i++)
		CHECK(j.steps[i].step.gpu >= 0 && j.steps[i].step.gpu < j.n_gpus);
	for (int i = 0; i < j.n_names; i++)
		CHECK(j.names[i].gpu >= 0 && j.names[i].gpu < j.n_gpus &&
		      j.names[i].step < j.n_steps && mig_instance_name_ok(j.names[i].name));
	journal_text_free(&j);
}

/* Each line with the checksum that it should have. */
static char *sum_lines(const char *text, size_t len, size_t *ret_len)
{
	char *out = NULL;
	FILE *f = open_memstream(&out, ret_len);

	CHECK(f);
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		const size_t n = newline ? (size_t)(newline - text) - at : len - at;

		fprintf(f, "%08x ", journal_sum(text + at, n));
		fwrite(text + at, 1, n, f);
		if (newline)
			fputc('\n', f);
		at += n + 1;
	}
	fclose(f);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	char *summed;
	size_t len;

	if (size < 1)
		return 0;
	if (data[0] % 3 == 0) {
		check_record(text, size - 1);
	} else if (data[0] % 3 == 1) {
		check_journal(text, size - 1);
	} else {
		summed = sum_lines(text, size - 1, &len);
		check_journal(summed, len);
		free(summed);
	}
	return 0;
}
