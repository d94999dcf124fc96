/* SPDX-License-Identifier: Apache-2.0 */
/* nvidia-smi without a command: GPUs, MIG devices, processes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/smi/smi.h"
#include "shared/text.h"

enum { CELL_BYTES = 64, NAME_COLUMNS = 27 };

/* A number with its unit, or what stands for one that the driver does not tell. */
static const char *cell(char *buf, int64_t v, const char *unit)
{
	if (v >= 0)
		snprintf(buf, CELL_BYTES, "%lld%s", (long long)v, unit);
	else
		snprintf(buf, CELL_BYTES, "N/A");
	return buf;
}

/* What is longer than its column ends in dots. */
static const char *cut(char *buf, const char *text, size_t columns)
{
	const size_t len = strlen(text);

	text_copy(buf, CELL_BYTES, text);
	if (len > columns)
		memcpy(buf + columns - 3, "...", 4);
	return buf;
}

static const char *mib(char *buf, int64_t bytes)
{
	return cell(buf, bytes < 0 ? bytes : bytes >> 20, "MiB");
}

/* Behind a line of the 535 format, what a wider one adds inside. */
static int extra(const struct smi *s)
{
	return s->call->format->version >= 570 ? 2 : 0;
}

/* "+-----+---+": the widths of the cells, ended by 0. */
static void rule(const int *widths, char fill, char corner, char begin, char end)
{
	putchar(begin);
	for (int i = 0; widths[i]; i++) {
		if (i)
			putchar(corner);
		for (int k = 0; k < widths[i]; k++)
			putchar(fill);
	}
	printf("%c\n", end);
}

static void line(int width, const char *text)
{
	printf("|%-*s|\n", width, text);
}

/* --- GPUs ----------------------------------------------------------------------------------- */

static void gpu_row(const struct smi *s, const struct mig_gpu *gpu,
		    const struct mig_smi_readings *r)
{
	static const char *const modes[] = { "Default", "E. Thread", "Prohibited",
					     "E. Process" };
	char a[CELL_BYTES], b[CELL_BYTES], c[CELL_BYTES], d[CELL_BYTES], total[CELL_BYTES];
	const int wide = extra(s);

	cut(a, gpu->name, NAME_COLUMNS);
	printf("|%4d  %-*s %-3s |", gpu->index, 30 + wide / 2, a,
	       r->persistence < 0 ? "N/A"
	       : r->persistence   ? "On"
				  : "Off");
	printf(" %-*s %3s |", 16 + wide / 2, gpu->bus_id,
	       r->display_active < 0 ? "N/A"
	       : r->display_active   ? "On"
				     : "Off");
	if (gpu->has_mig && gpu->mode)
		text_copy(b, sizeof(b), "On");
	else
		cell(b, r->ecc_mode == 0 ? MIG_UNKNOWN : r->ecc_volatile, "");
	printf("%21s |\n", r->ecc_mode == 0 ? "Off" : b);
	printf("| %3s%6s", cell(a, r->fan_percent, "%"), cell(b, r->temperature_c, "C"));
	if (r->pstate >= 0)
		printf("    P%-2lld", (long long)r->pstate);
	else
		printf("  N/A  ");
	cell(c, r->power_mw < 0 ? r->power_mw : r->power_mw / 1000, "W");
	cell(d, r->power_limit_mw < 0 ? r->power_limit_mw : r->power_limit_mw / 1000, "W");
	printf("%*s / %4s |", 16 + wide / 2, c, cut(total, d, 4));
	mib(a, r->mem_used_bytes);
	mib(b, r->mem_total_bytes);
	if (r->mem_total_bytes < 0)
		printf("%*s |", 21 + wide / 2, "N/A");
	else
		printf("%*s / %8s |", 10 + wide / 2, a, wide ? b : cut(total, b, 8));
	printf("%8s %12s |\n", cell(a, r->gpu_percent, "%"),
	       r->compute_mode >= 0 && r->compute_mode < 4 ? modes[r->compute_mode] : "N/A");
	snprintf(a, sizeof(a), "%s%s",
		 !gpu->has_mig       ? "N/A"
		 : gpu->mode_pending ? "Enabled"
				     : "Disabled",
		 gpu->has_mig && gpu->mode != gpu->mode_pending ? "*" : "");
	printf("|%*s|%*s|%21s |\n", 41 + wide / 2, "", 22 + wide / 2, "", a);
}

static int gpus_part(struct smi *s, const int *widths)
{
	const int wide = extra(s);
	char cuda_text[CELL_BYTES] = "N/A";
	int cuda;

	if (mig_smi_cuda_version(s->cli->machine, &cuda, NULL) == 0)
		snprintf(cuda_text, sizeof(cuda_text), "%d.%d", cuda / 1000, cuda % 1000 / 10);
	rule((const int[]){ 87 + wide, 0 }, '-', '-', '+', '+');
	printf("| NVIDIA-SMI %-*s Driver Version: %-*s CUDA Version: %-8s |\n", 22 + wide / 2,
	       s->snap.driver, 12 + wide / 2, s->snap.driver, cuda_text);
	rule(widths, '-', '+', '|', '+');
	printf("| GPU  Name                 %*sPersistence-M | %-*s Disp.A | Volatile Uncorr. ECC |\n",
	       wide / 2, "", 13 + wide / 2, "Bus-Id");
	printf("| Fan  Temp   Perf          %*sPwr:Usage/Cap | %*s | GPU-Util  Compute M. |\n",
	       wide / 2, "", 20 + wide / 2, "Memory-Usage");
	printf("|%*s|%*s|               MIG M. |\n", widths[0], "", widths[1], "");
	rule(widths, '=', '+', '|', '|');
	for (int g = 0; g < s->snap.n_gpus; g++) {
		struct mig_smi_readings r;
		int rc;

		if (!s->is_chosen[g])
			continue;
		rc = mig_smi_read_gpu(s->cli->machine, s->snap.gpus[g].index, &r, s->err);
		if (rc < 0)
			return rc;
		gpu_row(s, &s->snap.gpus[g], &r);
		rule(widths, '-', '+', '+', '+');
	}
	return 0;
}

/* --- MIG devices ----------------------------------------------------------------------------- */

static void device_head(const struct smi *s, const int *widths)
{
	const int wide = extra(s);

	rule((const int[]){ 87 + wide, 0 }, '-', '-', '+', '+');
	line(87 + wide, " MIG devices:");
	rule(widths, '-', '+', '+', '+');
	printf("| GPU  GI  CI  MIG |%*s |        Vol|%s|\n", widths[1] - 1,
	       wide ? "Shared Memory-Usage" : "Memory-Usage",
	       wide ? "        Shared         " : "      Shared           ");
	printf("|      ID  ID  Dev |%*s | SM     Unc|%s|\n", widths[1] - 1,
	       wide ? "Shared BAR1-Usage" : "BAR1-Usage",
	       wide ? " CE ENC  DEC  OFA  JPG " : " CE ENC DEC OFA JPG    ");
	printf("|                  |%*s|        ECC|                       |\n", widths[1], "");
	rule(widths, '=', '+', '|', '|');
}

/* The memory belongs to the GPU instance: its second compute instance leaves it blank. */
static void device_row(const struct mig_gpu *gpu, const struct mig_gi *gi,
		       const struct mig_ci *ci, const struct mig_smi_device *d, bool is_first,
		       const int *widths)
{
	char a[CELL_BYTES], b[CELL_BYTES], mem[CELL_BYTES * 2 + 8] = "",
								bar1[CELL_BYTES * 2 + 8] = "";

	if (is_first) {
		mib(a, d->readings.mem_used_bytes);
		mib(b, d->readings.mem_total_bytes);
		snprintf(mem, sizeof(mem), "%19s / %8s", a, b);
		mib(a, d->readings.bar1_used_bytes);
		mib(b, d->readings.bar1_total_bytes);
		snprintf(bar1, sizeof(bar1), "%19s / %8s", a, b);
	}
	printf("|%3d%5d%4d%4d  |%-*s|", gpu->index, gi->id, ci->id, ci->index, widths[1], mem);
	printf("%3d%7s |%3d%4d%5d%5d%5d |\n", d->sm, cell(a, d->readings.ecc_sram_volatile, ""),
	       d->copy_engines, d->encoders, d->decoders, d->ofa, d->jpeg);
	printf("|                  |%-*s|           |                       |\n", widths[1],
	       bar1);
}

static void rule_inside(const int *widths, bool is_shared)
{
	if (!is_shared) {
		rule(widths, '-', '+', '+', '+');
		return;
	}
	printf("+------------------+%*s+-----------+-----------------------+\n", widths[1], "");
}

/* The devices of a GPU, with a rule between them. Return: how many there are now. */
static int device_rows(struct smi *s, const struct mig_gpu *gpu, const int *widths, int n)
{
	const struct mig_gi *last = NULL;

	for (int i = 0; i < MIG_GIS_MAX * MIG_CIS_MAX; i++) {
		const struct mig_gi *gi;
		const struct mig_ci *ci = smi_device_at(gpu, i, &gi);
		struct mig_smi_device d;

		if (!ci || mig_smi_read_device(s->cli->machine, gpu->index, i, &d, NULL) < 0 ||
		    d.readings.mem_total_bytes < 0 || d.readings.bar1_total_bytes < 0)
			continue;
		if (n++)
			rule_inside(widths, gi == last);
		device_row(gpu, gi, ci, &d, gi != last, widths);
		last = gi;
	}
	return n;
}

static void devices_part(struct smi *s)
{
	const int wide = extra(s);
	const int widths[] = { 18, 32 + wide, 11, 23, 0 };
	int n_on = 0, n = 0;

	for (int g = 0; g < s->snap.n_gpus; g++)
		n_on += smi_is_on(s, g);
	if (n_on == 0)
		return;
	putchar('\n');
	device_head(s, widths);
	for (int g = 0; g < s->snap.n_gpus; g++) {
		if (smi_is_on(s, g))
			n = device_rows(s, &s->snap.gpus[g], widths, n);
	}
	if (n) {
		rule(widths, '-', '+', '+', '+');
		return;
	}
	line(87 + wide, "  No MIG devices found");
	rule((const int[]){ 87 + wide, 0 }, '-', '-', '+', '+');
}

/* --- Processes -------------------------------------------------------------------------------- */

/* GI and CI are N/A for what is on the GPU as a whole. */
static void process_row(const struct mig_gpu *gpu, const struct mig_holder *h, int wide)
{
	char gi[CELL_BYTES], ci[CELL_BYTES], name[CELL_BYTES];

	printf("|%5d%6s%5s%10d%7s   %-*s%9s |\n", gpu->index, cell(gi, h->gi, ""),
	       cell(ci, h->ci, ""), h->pid, "N/A", 41 + wide, cut(name, h->name, 38), "N/A");
}

static int process_rows(struct smi *s, int width)
{
	int n = 0;

	for (int g = 0; g < s->snap.n_gpus; g++) {
		struct mig_holder holders[MIG_HOLDERS_MAX];
		int rc = s->is_chosen[g] ? mig_holders(s->cli->machine, &s->snap.gpus[g], -1,
						       -1, holders, s->err)
					 : 0;

		if (rc < 0)
			return rc;
		for (int i = 0; i < rc; i++)
			process_row(&s->snap.gpus[g], &holders[i], extra(s));
		n += rc;
	}
	if (n == 0)
		line(width, "  No running processes found");
	return n;
}

static int processes_part(struct smi *s)
{
	const int wide = extra(s), width = 87 + wide;
	int rc;

	printf("%*s\n", width + 2, "");
	rule((const int[]){ width, 0 }, '-', '-', '+', '+');
	line(width, " Processes:");
	printf("|  GPU   GI   CI        PID   Type   Process name %*sGPU Memory |\n", 27 + wide,
	       "");
	printf("|        ID   ID %*sUsage      |\n", 60 + wide, "");
	rule((const int[]){ width, 0 }, '=', '=', '|', '|');
	rc = process_rows(s, width);
	rule((const int[]){ width, 0 }, '-', '-', '+', '+');
	return rc < 0 ? rc : 0;
}

int smi_table(struct smi *s)
{
	const int wide = extra(s);
	const int widths[] = { 41 + wide / 2, 22 + wide / 2, 22, 0 };
	const time_t now = time(NULL);
	char when[CELL_BYTES];
	struct tm tm;
	int rc;

	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", localtime_r(&now, &tm));
	printf("%s       \n", when);
	rc = gpus_part(s, widths);
	if (rc < 0)
		return rc;
	devices_part(s);
	return processes_part(s);
}
