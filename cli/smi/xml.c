/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -q -x: the elements that migctl asks the driver for, as nvidia-smi writes them and in its
 * order. The MIG part is whole; elements that nothing here asks for are left out, not invented.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/smi/smi.h"
#include "shared/text.h"

enum { VALUE_BYTES = 64 };

static void indent(int depth)
{
	for (int i = 0; i < depth; i++)
		putchar('\t');
}

static void open_tag(int depth, const char *name)
{
	indent(depth);
	printf("<%s>\n", name);
}

static void close_tag(int depth, const char *name)
{
	indent(depth);
	printf("</%s>\n", name);
}

/* "&" and "<" of a name would end the text. */
static void element(int depth, const char *name, const char *value)
{
	indent(depth);
	printf("<%s>", name);
	for (; *value; value++) {
		if (*value == '&')
			fputs("&amp;", stdout);
		else if (*value == '<')
			fputs("&lt;", stdout);
		else
			putchar(*value);
	}
	printf("</%s>\n", name);
}

static void number(int depth, const char *name, int64_t v, const char *unit)
{
	char text[VALUE_BYTES] = "N/A";

	if (v >= 0)
		snprintf(text, sizeof(text), "%lld%s", (long long)v, unit);
	element(depth, name, text);
}

static void mib(int depth, const char *name, int64_t bytes)
{
	number(depth, name, bytes < 0 ? bytes : bytes >> 20, " MiB");
}

static void onoff(int depth, const char *name, int64_t v)
{
	element(depth, name, v < 0 ? "N/A" : v ? "Enabled" : "Disabled");
}

static void memory(int depth, const struct mig_smi_readings *r)
{
	open_tag(depth, "fb_memory_usage");
	mib(depth + 1, "total", r->mem_total_bytes);
	mib(depth + 1, "reserved", r->mem_reserved_bytes);
	mib(depth + 1, "used", r->mem_used_bytes);
	mib(depth + 1, "free", r->mem_free_bytes);
	close_tag(depth, "fb_memory_usage");
	open_tag(depth, "bar1_memory_usage");
	mib(depth + 1, "total", r->bar1_total_bytes);
	mib(depth + 1, "used", r->bar1_used_bytes);
	mib(depth + 1, "free", r->bar1_free_bytes);
	close_tag(depth, "bar1_memory_usage");
}

static void mig_device(const struct mig_gi *gi, const struct mig_ci *ci,
		       const struct mig_smi_device *d)
{
	open_tag(2, "mig_device");
	number(3, "index", ci->index, "");
	number(3, "gpu_instance_id", gi->id, "");
	number(3, "compute_instance_id", ci->id, "");
	open_tag(3, "device_attributes");
	open_tag(4, "shared");
	number(5, "multiprocessor_count", d->sm, "");
	number(5, "copy_engine_count", d->copy_engines, "");
	number(5, "encoder_count", d->encoders, "");
	number(5, "decoder_count", d->decoders, "");
	number(5, "ofa_count", d->ofa, "");
	number(5, "jpg_count", d->jpeg, "");
	close_tag(4, "shared");
	close_tag(3, "device_attributes");
	open_tag(3, "ecc_error_count");
	open_tag(4, "volatile_count");
	number(5, "sram_uncorrectable", d->readings.ecc_sram_volatile, "");
	close_tag(4, "volatile_count");
	close_tag(3, "ecc_error_count");
	memory(3, &d->readings);
	close_tag(2, "mig_device");
}

static void mig_part(struct smi *s, const struct mig_gpu *gpu)
{
	int n = 0;

	open_tag(2, "mig_mode");
	onoff(3, "current_mig", gpu->has_mig ? (int)gpu->mode : MIG_UNKNOWN);
	onoff(3, "pending_mig", gpu->has_mig ? (int)gpu->mode_pending : MIG_UNKNOWN);
	close_tag(2, "mig_mode");
	open_tag(2, "mig_devices");
	for (int i = 0; i < MIG_GIS_MAX * MIG_CIS_MAX; i++) {
		const struct mig_gi *gi;
		const struct mig_ci *ci = smi_device_at(gpu, i, &gi);
		struct mig_smi_device d;

		if (!ci || mig_smi_read_device(s->cli->machine, gpu->index, i, &d, NULL) < 0)
			continue;
		/* nvidia-smi 535 leaves out a device whose errors are not counted. */
		if (s->call->format->version < 570 && d.readings.ecc_sram_volatile < 0)
			continue;
		mig_device(gi, ci, &d);
		n++;
	}
	if (n == 0)
		puts("\t\t\tNone");
	close_tag(2, "mig_devices");
}

static void gpu_part(struct smi *s, const struct mig_gpu *gpu, const struct mig_smi_readings *r)
{
	static const char *const modes[] = { "Default", "Exclusive_Thread", "Prohibited",
					     "Exclusive_Process" };
	char text[VALUE_BYTES] = "N/A";

	printf("\t<gpu id=\"%s\">\n", gpu->bus_id);
	element(2, "product_name", gpu->name);
	onoff(2, "display_active", r->display_active);
	onoff(2, "persistence_mode", r->persistence);
	mig_part(s, gpu);
	element(2, "serial", *gpu->serial ? gpu->serial : "N/A");
	element(2, "uuid", gpu->uuid);
	number(2, "minor_number", gpu->minor, "");
	number(2, "fan_speed", r->fan_percent, " %");
	memory(2, r);
	element(2, "compute_mode",
		r->compute_mode >= 0 && r->compute_mode < 4 ? modes[r->compute_mode] : "N/A");
	open_tag(2, "utilization");
	number(3, "gpu_util", r->gpu_percent, " %");
	close_tag(2, "utilization");
	open_tag(2, "temperature");
	number(3, "gpu_temp", r->temperature_c, " C");
	close_tag(2, "temperature");
	if (r->power_mw >= 0)
		snprintf(text, sizeof(text), "%.2f W", (double)r->power_mw / 1000);
	open_tag(2, "gpu_power_readings");
	element(3, "power_draw", text);
	close_tag(2, "gpu_power_readings");
	puts("\t</gpu>\n");
}

int smi_xml(struct smi *s)
{
	char when[VALUE_BYTES], text[VALUE_BYTES] = "N/A";
	const time_t now = time(NULL);
	struct tm tm;
	int cuda;

	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", localtime_r(&now, &tm));
	if (mig_smi_cuda_version(s->cli->machine, &cuda, NULL) == 0)
		snprintf(text, sizeof(text), "%d.%d", cuda / 1000, cuda % 1000 / 10);
	puts("<?xml version=\"1.0\" ?>\n"
	     "<!DOCTYPE nvidia_smi_log SYSTEM \"nvsmi_device_v12.dtd\">\n"
	     "<nvidia_smi_log>");
	element(1, "timestamp", when);
	element(1, "driver_version", s->snap.driver);
	element(1, "cuda_version", text);
	number(1, "attached_gpus", s->snap.n_gpus, "");
	for (int g = 0; g < s->snap.n_gpus; g++) {
		struct mig_smi_readings r;
		int rc = 0;

		if (!s->is_chosen[g])
			continue;
		rc = mig_smi_read_gpu(s->cli->machine, s->snap.gpus[g].index, &r, s->err);
		if (rc < 0)
			return rc;
		gpu_part(s, &s->snap.gpus[g], &r);
	}
	puts("</nvidia_smi_log>");
	return 0;
}
