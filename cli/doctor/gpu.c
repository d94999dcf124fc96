/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs: are they there, how are they set, and do their instances make sense? */
#include "cli/doctor/doctor.h"

#include <string.h>

#include "shared/cleanup.h"

/* No snapshot: nothing can be said, and the check "driver" says why. */
static bool is_blind(const struct doctor *d, struct finding *f)
{
	if (!d->has_snap)
		finding_add(f, VERDICT_UNKNOWN, "the GPUs could not be read");
	return !d->has_snap;
}

static void pass(struct finding *f, const char *what)
{
	if (!f->evidence[0])
		finding_add(f, VERDICT_PASS, "%s", what);
}

static void lost(const struct doctor *d, struct finding *f)
{
	for (int i = 0; i < d->n_gpus; i++) {
		struct mig_error why;

		/* The way out stands in the remedy. */
		if (i < d->snap.n_gpus && mig_gpu_check_lost(&d->snap.gpus[i], &why) < 0)
			finding_add(f, VERDICT_FAIL, "%.*s", (int)strcspn(why.msg, ";"),
				    why.msg);
		else if (!d->gpus[i].answers)
			finding_add(f, VERDICT_FAIL, "GPU %d: %s", i, d->gpus[i].why.msg);
	}
	if (f->verdict == VERDICT_FAIL)
		finding_remedy(f, "a GPU that is lost comes back with a reboot: look at the "
				  "kernel's log (dmesg, XID 79) and at its seat and power");
	else if (!d->machine)
		finding_add(f, VERDICT_UNKNOWN, "no driver to ask");
	else
		finding_add(f, VERDICT_PASS, "%d of %d", d->n_gpus, d->n_gpus);
}

static void pending(const struct doctor *d, struct finding *f)
{
	if (is_blind(d, f))
		return;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		const struct mig_gpu *gpu = &d->snap.gpus[i];

		if (gpu->mode != gpu->mode_pending)
			finding_add(f, VERDICT_FAIL, "GPU %d: MIG is %s and %s is pending", i,
				    gpu->mode ? "on" : "off", gpu->mode_pending ? "on" : "off");
	}
	finding_remedy(f, "stop what holds the GPU, then reset it: nvidia-smi --gpu-reset; "
			  "where that is not possible, reboot");
	pass(f, "no switch waits");
}

static void mode(const struct doctor *d, struct finding *f)
{
	int n_on = 0, n_able = 0;

	if (is_blind(d, f))
		return;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		n_able += d->snap.gpus[i].has_mig;
		n_on += d->snap.gpus[i].mode == 1;
	}
	if (n_able == 0) {
		finding_add(f, VERDICT_WARN, "no GPU here can be cut");
		finding_remedy(f, "MIG needs an A30, A100, or a data-centre GPU after them");
	} else if (n_on && n_on < n_able) {
		finding_add(f, VERDICT_WARN, "on for %d of %d GPUs that have it", n_on, n_able);
		finding_remedy(f, "if that is not meant: 'migctl enable --all'; Kubernetes' "
				  "strategy single wants all alike");
	} else {
		finding_add(f, VERDICT_PASS, "%s for all %d that have it", n_on ? "on" : "off",
			    n_able);
	}
}

static const char *const virtualizations[] = { "none", "passed through to this VM",
					       "a vGPU of a host", "a host of vGPUs",
					       "a host of vGPUs by SR-IOV" };

static bool is_vm(const struct doctor *d, char *ret, size_t len)
{
	static const char *const vendors[] = { "QEMU",   "VMware", "Xen",    "Amazon EC2",
					       "Google", "KVM",    "innotek" };
	cleanup_free char *vendor = doctor_read(d, "/sys/class/dmi/id/sys_vendor");
	cleanup_free char *product = doctor_read(d, "/sys/class/dmi/id/product_name");

	if (vendor)
		vendor[strcspn(vendor, "\n")] = '\0';
	if (product)
		product[strcspn(product, "\n")] = '\0';
	snprintf(ret, len, "%.60s %.60s", vendor ? vendor : "", product ? product : "");
	for (char *p = ret; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = ' ';
	}
	if (strstr(ret, "metal"))
		return false;
	for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
		if (strstr(ret, vendors[i]))
			return true;
	}
	return strstr(ret, "Virtual Machine") != NULL;
}

static void virtualization(const struct doctor *d, struct finding *f)
{
	char dmi[160];

	for (int i = 0; i < d->n_gpus; i++) {
		const int v = d->gpus[i].answers ? d->gpus[i].set.virtualization : -1;

		if (v == 2)
			finding_remedy(f, "a vGPU is cut on its host");
		if (v > 0 && v < 5)
			finding_add(f, v == 2 ? VERDICT_FAIL : VERDICT_WARN, "GPU %d is %s", i,
				    virtualizations[v]);
	}
	if (is_vm(d, dmi, sizeof(dmi)))
		finding_add(f, VERDICT_WARN, "this is a virtual machine (%s)", dmi);
	finding_remedy(f, "a reset may not be possible here: plan a reboot of the VM for a "
			  "switch of MIG on Ampere GPUs");
	pass(f, "not virtualized, as far as driver and firmware tell");
}

static void empty_instances(const struct doctor *d, struct finding *f)
{
	if (is_blind(d, f))
		return;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		const struct mig_gpu *gpu = &d->snap.gpus[i];

		for (int g = 0; g < gpu->n_gis; g++) {
			if (gpu->gis[g].n_cis == 0)
				finding_add(f, VERDICT_WARN, "GPU instance %d/%d has none", i,
					    gpu->gis[g].id);
		}
		if (gpu->is_partial)
			finding_add(f, VERDICT_UNKNOWN, "GPU %d: not told without privilege",
				    i);
	}
	finding_remedy(f, "nothing can run there: 'migctl destroy GPU/GI' frees the place, or "
			  "a compute instance makes it a MIG device");
	pass(f, "every GPU instance has a compute instance");
}

static int highest_index(const struct mig_gpu *gpu, int *ret_n)
{
	int highest = -1;

	*ret_n = 0;
	for (int g = 0; g < gpu->n_gis; g++) {
		for (int c = 0; c < gpu->gis[g].n_cis; c++) {
			if (gpu->gis[g].cis[c].index < 0)
				continue;
			(*ret_n)++;
			if (gpu->gis[g].cis[c].index > highest)
				highest = gpu->gis[g].cis[c].index;
		}
	}
	return highest;
}

static void holes(const struct doctor *d, struct finding *f)
{
	if (is_blind(d, f))
		return;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		int n, highest = highest_index(&d->snap.gpus[i], &n);

		if (highest >= n)
			finding_add(f, VERDICT_WARN,
				    "GPU %d has %d MIG devices and indices up to %d", i, n,
				    highest);
	}
	finding_remedy(f, "Slurm stops at the first hole: restart what holds the driver open, "
			  "so that it numbers anew, then slurmd");
	pass(f, "MIG devices are numbered without holes");
}

static void compute_mode(const struct doctor *d, struct finding *f)
{
	static const char *const names[] = { "shared", "one thread", "prohibited",
					     "exclusive process" };
	bool is_told = false;

	for (int i = 0; i < d->n_gpus; i++) {
		const int m = d->gpus[i].answers ? d->gpus[i].set.compute_mode : -1;

		is_told |= m >= 0;
		if (m > 0 && m < 4)
			finding_add(f, m == 2 ? VERDICT_FAIL : VERDICT_WARN,
				    "GPU %d: compute mode is %s", i, names[m]);
	}
	finding_remedy(f, "nvidia-smi -c DEFAULT: MIG does not go with exclusive modes, and "
			  "nothing runs on a prohibited GPU");
	if (!is_told)
		finding_add(f, VERDICT_UNKNOWN, "the driver does not tell");
	pass(f, "shared");
}

static void persistence(const struct doctor *d, struct finding *f)
{
	bool is_told = false;

	for (int i = 0; i < d->n_gpus; i++) {
		const int m = d->gpus[i].answers ? d->gpus[i].set.persistence : -1;

		is_told |= m >= 0;
		if (m == 0)
			finding_add(f, VERDICT_WARN, "GPU %d: off", i);
	}
	finding_remedy(f,
		       "nvidia-persistenced, or nvidia-smi -pm 1: from Hopper on MIG mode is "
		       "forgotten when the driver lets go of the GPU");
	if (!is_told)
		finding_add(f, VERDICT_UNKNOWN, "the driver does not tell");
	pass(f, "on");
}

static void accounting(const struct doctor *d, struct finding *f)
{
	bool is_told = false;

	for (int i = 0; i < d->n_gpus; i++) {
		const int m = d->gpus[i].answers ? d->gpus[i].set.accounting : -1;

		is_told |= m >= 0;
		if (m == 1)
			finding_add(f, VERDICT_WARN, "GPU %d: on", i);
	}
	finding_remedy(f, "do not rely on it: the driver switches accounting off with MIG");
	if (!is_told)
		finding_add(f, VERDICT_UNKNOWN, "the driver does not tell");
	pass(f, "off");
}

static bool clocks_of(int gpu, const struct mig_gpu_settings *set, struct finding *f)
{
	const bool is_app = set->app_mhz > 0 && set->app_default_mhz > set->app_mhz;

	if (is_app)
		finding_add(f, VERDICT_WARN, "GPU %d: application clocks of %d MHz, not %d",
			    gpu, set->app_mhz, set->app_default_mhz);
	else if (set->is_clock_set == 1)
		finding_add(f, VERDICT_WARN, "GPU %d: a setting holds its clocks", gpu);
	if (set->is_hot == 1)
		finding_add(f, VERDICT_FAIL, "GPU %d: slowed down by heat", gpu);
	if (set->is_power_braked == 1)
		finding_add(f, VERDICT_FAIL, "GPU %d: braked by its hardware", gpu);
	if (set->is_hot == 1 || set->is_power_braked == 1)
		finding_remedy(f, "look at its cooling and its power supply: nvidia-smi -q -d "
				  "PERFORMANCE,TEMPERATURE,POWER");
	else if (is_app || set->is_clock_set == 1)
		finding_remedy(f,
			       "if that is not meant: nvidia-smi -rac and -rgc take back what "
			       "-ac and -lgc have set");
	return set->app_mhz >= 0 || set->is_clock_set >= 0;
}

/* Every instance of a GPU runs at its clocks. */
static void clocks(const struct doctor *d, struct finding *f)
{
	bool is_told = false;

	for (int i = 0; i < d->n_gpus; i++)
		is_told |= d->gpus[i].answers && clocks_of(i, &d->gpus[i].set, f);
	if (!is_told)
		finding_add(f, VERDICT_UNKNOWN, "the driver does not tell");
	pass(f, "nothing that the driver tells of holds them");
}

/* What runs on the whole of a GPU that could be cut keeps its mode from being switched. */
static void whole_gpu(const struct doctor *d, struct finding *f)
{
	struct mig_holder held[MIG_HOLDERS_MAX];

	if (is_blind(d, f))
		return;
	for (int i = 0; i < d->snap.n_gpus; i++) {
		const struct mig_gpu *gpu = &d->snap.gpus[i];
		const int n = !gpu->has_mig || gpu->mode
				      ? 0
				      : mig_holders(d->machine, gpu, -1, -1, held, NULL);

		for (int k = 0; k < n; k++)
			finding_add(f, gpu->mode_pending ? VERDICT_FAIL : VERDICT_WARN,
				    "%s (pid %d) is on the whole of GPU %d",
				    *held[k].name ? held[k].name : "a process", held[k].pid, i);
	}
	finding_remedy(f, "MIG cannot be switched on under it: let it end first");
	pass(f, "nothing runs outside of MIG devices on a GPU that has MIG");
}

const struct check gpu_checks[] = {
	{ "gpus", "every GPU answers", lost },
	{ "mode", "MIG is on everywhere or nowhere", mode },
	{ "mode-pending", "no switch of MIG waits for a reset", pending },
	{ "virtualization", "no hypervisor between", virtualization },
	{ "empty-instances", "no GPU instance is without compute instances", empty_instances },
	{ "index-holes", "indices of MIG devices have no holes", holes },
	{ "compute-mode", "GPUs are open to more than one process", compute_mode },
	{ "persistence", "the driver stays when the last client goes", persistence },
	{ "accounting", "process accounting is off", accounting },
	{ "clocks", "neither a setting nor heat holds clocks down", clocks },
	{ "whole-gpu", "nothing runs outside of MIG devices", whole_gpu },
	{ 0 },
};
