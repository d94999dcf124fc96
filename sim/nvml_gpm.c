/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVML: GPM, from Hopper on: the only way to see how busy an instance is. A sample is the
 * meter of a GPU or GPU instance at a moment; a metric is the mean between two of them.
 */
#include "sim/live.h"

enum { SAMPLES_MAX = 1024, KIND_SAMPLE = 0xd, ARCH_HOPPER = 9, METRICS_MAX = 512 };
enum { PPM_PER_CENT = 10000, METRICS_VERSION = 1, SUPPORT_VERSION = 1 };

static struct sample {
	bool is_used, is_taken;
	int gpu, gi; /* gi -1: the whole GPU */
	uint32_t boot, mark, generation;
	uint32_t part, whole; /* compute slices */
	uint64_t t_us, sm, dram;
} samples[SAMPLES_MAX];

static struct sample *sample_of(nvmlGpmSample_t h)
{
	const uint64_t i = (uint64_t)h >> 4;

	if (((uint64_t)h & 0xf) != KIND_SAMPLE || i >= SAMPLES_MAX || !samples[i].is_used)
		return NULL;
	return &samples[i];
}

static bool has_gpm(const struct sim_at *at)
{
	return at->type->nvml_arch >= ARCH_HOPPER;
}

SIM_EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device,
						  nvmlGpmSupport_t *gpmSupport)
{
	SIM_ENTER(nvmlGpmQueryDeviceSupport);
	struct sim_at at;

	SIM_TRY(sim_at_whole(device, gpmSupport, &at));
	if (gpmSupport->version != SUPPORT_VERSION)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	gpmSupport->isSupportedDevice = has_gpm(&at);
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *gpmSample)
{
	SIM_ENTER(nvmlGpmSampleAlloc);
	if (!gpmSample)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (uint64_t i = 0; i < SAMPLES_MAX; i++) {
		if (samples[i].is_used)
			continue;
		samples[i] = (struct sample){ .is_used = true };
		*gpmSample = (nvmlGpmSample_t)(i << 4 | KIND_SAMPLE);
		return NVML_SUCCESS;
	}
	return NVML_ERROR_MEMORY;
}

SIM_EXPORT nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t gpmSample)
{
	SIM_ENTER(nvmlGpmSampleFree);
	struct sample *s = sample_of(gpmSample);

	if (!s)
		return NVML_ERROR_INVALID_ARGUMENT;
	s->is_used = false;
	return NVML_SUCCESS;
}

/* --- Taking --------------------------------------------------------------------------------- */

static void take_gpu(const struct sim_meter *m, struct sample *s)
{
	s->gi = -1;
	s->generation = 0;
	s->part = s->whole = 1;
	s->sm = m->sm;
	s->dram = m->dram;
}

static void take_gi(const struct sim_at *at, int gi, const struct sim_meter *m,
		    struct sample *s)
{
	const struct sim_gi *g = &at->state->gi[gi];

	s->gi = gi;
	s->generation = g->generation;
	s->part = (uint32_t)at->type->profiles[g->profile].compute_slices;
	s->whole = (uint32_t)at->type->compute_slices;
	s->sm = m->gi[gi].sm;
	s->dram = m->gi[gi].dram;
}

static nvmlReturn_t take_sample(nvmlDevice_t device, nvmlGpmSample_t sample, int gi)
{
	struct sample *s = sample_of(sample);
	struct sim_meter meter;
	struct sim_at at;

	if (!s)
		return NVML_ERROR_INVALID_ARGUMENT;
	SIM_TRY(sim_at_whole(device, s, &at));
	if (!has_gpm(&at) || (gi >= 0 && !at.state->mode))
		return NVML_ERROR_NOT_SUPPORTED;
	if (gi >= 0 && (gi >= SIM_GIS_MAX || !at.state->gi[gi].generation))
		return NVML_ERROR_NOT_FOUND;
	sim_meter_now(at.gpu, &meter);
	if (gi < 0)
		take_gpu(&meter, s);
	else
		take_gi(&at, gi, &meter, s);
	s->is_taken = true;
	s->gpu = at.gpu;
	s->boot = sim_session_boot();
	s->mark = sim_session_mark();
	s->t_us = meter.since_us;
	return NVML_SUCCESS;
}

SIM_EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t gpmSample)
{
	sim_bury();
	SIM_ENTER(nvmlGpmSampleGet);
	return take_sample(device, gpmSample, -1);
}

SIM_EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned gpuInstanceId,
					    nvmlGpmSample_t gpmSample)
{
	sim_bury();
	SIM_ENTER(nvmlGpmMigSampleGet);
	if (gpuInstanceId >= SIM_GIS_MAX)
		return NVML_ERROR_INVALID_ARGUMENT;
	return take_sample(device, gpmSample, (int)gpuInstanceId);
}

/* --- Metrics -------------------------------------------------------------------------------- */

struct means {
	double sm, dram; /* per cent */
	double share;    /* of the GPU's compute slices */
};

static double graphics(const struct means *m)
{
	return m->sm;
}

/* Half of the warps that a busy SM could hold. */
static double occupancy(const struct means *m)
{
	return m->sm / 2;
}

static double dram(const struct means *m)
{
	return m->dram;
}

static double pcie_tx(const struct means *m)
{
	return m->sm / 100 * m->share * SIM_PCIE_TX_MIB;
}

static double pcie_rx(const struct means *m)
{
	return m->sm / 100 * m->share * SIM_PCIE_RX_MIB;
}

/* Tenants are alone: nothing goes from GPU to GPU, and no media engine works. */
static double nothing(const struct means *m)
{
	(void)m;
	return 0;
}

static const struct metric {
	unsigned first, last; /* metric ids */
	double (*value)(const struct means *m);
	const char *name, *long_name, *unit;
} metrics[] = {
	{ 1, 1, graphics, "GrUtil", "Graphics utilization", "%" },
	{ 2, 2, graphics, "SmUtil", "SM utilization", "%" },
	{ 3, 3, occupancy, "SmOcc", "SM occupancy", "%" },
	{ 10, 10, dram, "DramBw", "DRAM bandwidth utilization", "%" },
	{ 20, 20, pcie_tx, "PcieTx", "PCIe sent", "MiB/s" },
	{ 21, 21, pcie_rx, "PcieRx", "PCIe received", "MiB/s" },
	{ 30, 50, nothing, "Media", "Media engine utilization", "%" },
	{ 60, 97, nothing, "NvLink", "NVLink traffic", "MiB/s" },
};

static void get_metric(nvmlGpmMetric_t *ret, const struct means *m)
{
	for (unsigned i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		if (ret->metricId < metrics[i].first || ret->metricId > metrics[i].last)
			continue;
		ret->nvmlReturn = NVML_SUCCESS;
		ret->value = metrics[i].value(m);
		ret->metricInfo.shortName = metrics[i].name;
		ret->metricInfo.longName = metrics[i].long_name;
		ret->metricInfo.unit = metrics[i].unit;
		return;
	}
	ret->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
	ret->value = 0;
}

/* Two samples of one thing, the second later. */
static bool is_pair(const struct sample *a, const struct sample *b)
{
	return a->is_taken && b->is_taken && a->gpu == b->gpu && a->gi == b->gi &&
	       a->boot == b->boot && a->mark == b->mark && a->generation == b->generation &&
	       b->t_us > a->t_us;
}

SIM_EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *get)
{
	SIM_ENTER(nvmlGpmMetricsGet);
	const struct sample *a, *b;
	struct means m;
	double span;

	if (!get || get->numMetrics > METRICS_MAX)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (get->version != METRICS_VERSION)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	a = sample_of(get->sample1);
	b = sample_of(get->sample2);
	if (!a || !b || !is_pair(a, b))
		return NVML_ERROR_INVALID_ARGUMENT;
	span = (double)(b->t_us - a->t_us) * PPM_PER_CENT;
	m.sm = (double)(b->sm - a->sm) / span;
	m.dram = (double)(b->dram - a->dram) / span;
	m.share = (double)a->part / a->whole;
	for (unsigned i = 0; i < get->numMetrics; i++)
		get_metric(&get->metrics[i], &m);
	return NVML_SUCCESS;
}
