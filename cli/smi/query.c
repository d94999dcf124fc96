/* SPDX-License-Identifier: Apache-2.0 */
/* --query-gpu: one table of fields, each with what prints it. */
#include <stdio.h>
#include <string.h>

#include "cli/smi/smi.h"
#include "shared/text.h"

enum { FIELD_BYTES = 128 };

/* What a field is printed from. */
struct source {
	const struct mig_snapshot *snap;
	const struct mig_gpu *gpu;
	const struct mig_smi_readings *now;
};

/* A field writes its value, without the unit; "" where the driver does not tell. */
typedef void field_fn(const struct source *src, char *buf, size_t len);

static void put_index(const struct source *src, char *buf, size_t len)
{
	snprintf(buf, len, "%d", src->gpu->index);
}

static void put_name(const struct source *src, char *buf, size_t len)
{
	text_copy(buf, len, src->gpu->name);
}

static void put_uuid(const struct source *src, char *buf, size_t len)
{
	text_copy(buf, len, src->gpu->uuid);
}

static void put_serial(const struct source *src, char *buf, size_t len)
{
	text_copy(buf, len, src->gpu->serial);
}

static void put_bus_id(const struct source *src, char *buf, size_t len)
{
	text_copy(buf, len, src->gpu->bus_id);
}

static void put_driver(const struct source *src, char *buf, size_t len)
{
	text_copy(buf, len, src->snap->driver);
}

static void put_mib(int64_t bytes, char *buf, size_t len)
{
	if (bytes >= 0)
		snprintf(buf, len, "%lld", (long long)(bytes >> 20));
}

static void put_total(const struct source *src, char *buf, size_t len)
{
	put_mib(src->now->mem_total_bytes, buf, len);
}

static void put_used(const struct source *src, char *buf, size_t len)
{
	put_mib(src->now->mem_used_bytes, buf, len);
}

static void put_free(const struct source *src, char *buf, size_t len)
{
	put_mib(src->now->mem_free_bytes, buf, len);
}

static void put_mode(const struct mig_gpu *gpu, unsigned mode, char *buf, size_t len)
{
	if (gpu->has_mig)
		text_copy(buf, len, mode ? "Enabled" : "Disabled");
}

static void put_current(const struct source *src, char *buf, size_t len)
{
	put_mode(src->gpu, src->gpu->mode, buf, len);
}

static void put_pending(const struct source *src, char *buf, size_t len)
{
	put_mode(src->gpu, src->gpu->mode_pending, buf, len);
}

static void put_number(int64_t n, char *buf, size_t len)
{
	if (n >= 0)
		snprintf(buf, len, "%lld", (long long)n);
}

static void put_util(const struct source *src, char *buf, size_t len)
{
	put_number(src->now->gpu_percent, buf, len);
}

static void put_temperature(const struct source *src, char *buf, size_t len)
{
	put_number(src->now->temperature_c, buf, len);
}

static void put_power(const struct source *src, char *buf, size_t len)
{
	if (src->now->power_mw >= 0)
		snprintf(buf, len, "%.2f", (double)src->now->power_mw / 1000);
}

static const struct field {
	const char *name, *alias;
	const char *unit; /* in the header in brackets, behind each value after a space */
	field_fn *put;
} fields[] = {
	{ "index", NULL, NULL, put_index },
	{ "name", "gpu_name", NULL, put_name },
	{ "uuid", "gpu_uuid", NULL, put_uuid },
	{ "serial", "gpu_serial", NULL, put_serial },
	{ "pci.bus_id", "gpu_bus_id", NULL, put_bus_id },
	{ "driver_version", NULL, NULL, put_driver },
	{ "memory.total", NULL, "MiB", put_total },
	{ "memory.used", NULL, "MiB", put_used },
	{ "memory.free", NULL, "MiB", put_free },
	{ "mig.mode.current", NULL, NULL, put_current },
	{ "mig.mode.pending", NULL, NULL, put_pending },
	{ "utilization.gpu", NULL, "%", put_util },
	{ "temperature.gpu", NULL, NULL, put_temperature },
	{ "power.draw", NULL, "W", put_power },
};

static const struct field *find_field(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) == 0 ||
		    (fields[i].alias && strcmp(fields[i].alias, name) == 0))
			return &fields[i];
	}
	return NULL;
}

bool smi_fields_ok(const char *list, char *ret, size_t len)
{
	while (smi_item(&list, ret, len)) {
		if (!find_field(ret))
			return false;
	}
	return true;
}

static void print_header(const struct smi_call *call)
{
	const char *list = call->items, *comma = "";
	char name[FIELD_BYTES];

	while (smi_item(&list, name, sizeof(name))) {
		const struct field *f = find_field(name);

		if (!f)
			continue; /* smi_fields_ok() has seen them all */
		printf("%s%s", comma, f->name);
		if (f->unit && !call->no_units)
			printf(" [%s]", f->unit);
		comma = ", ";
	}
	putchar('\n');
}

static void print_row(const struct smi_call *call, const struct source *src)
{
	const char *list = call->items, *comma = "";
	char name[FIELD_BYTES];

	while (smi_item(&list, name, sizeof(name))) {
		const struct field *f = find_field(name);
		char value[FIELD_BYTES] = "";

		if (!f)
			continue;
		f->put(src, value, sizeof(value));
		printf("%s%s", comma, *value ? value : "[N/A]");
		if (*value && f->unit && !call->no_units)
			printf(" %s", f->unit);
		comma = ", ";
	}
	putchar('\n');
}

int smi_query(struct smi *s)
{
	if (!s->call->no_header)
		print_header(s->call);
	for (int g = 0; g < s->snap.n_gpus; g++) {
		struct mig_smi_readings now;
		const struct source src = { &s->snap, &s->snap.gpus[g], &now };
		int rc;

		if (!s->is_chosen[g])
			continue;
		rc = mig_smi_read_gpu(s->cli->machine, s->snap.gpus[g].index, &now, s->err);
		if (rc < 0)
			return rc;
		print_row(s->call, &src);
	}
	return 0;
}
