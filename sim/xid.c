/* SPDX-License-Identifier: Apache-2.0 */
/* XIDs: what the driver reports when something is wrong with a GPU. */
#include "sim/open.h"

enum { EVENT_XID = 8 }; /* nvmlEventTypeXidCriticalError */

int sim_machine_xid(const char *dir, const char *name, int gpu, int gi, int ci, unsigned code,
		    struct mig_error *err)
{
	const struct sim_gi *g;
	struct sim_open m;
	int rc = sim_open_locked(dir, name, &m, err);

	if (rc < 0)
		return rc;
	if (gpu < 0 || gpu >= (int)m.img.fixed->n_gpus) {
		rc = mig_fail(err, MIG_E_NOENT, "machine %s has no GPU %d; the last is GPU %u",
			      name, gpu, m.img.fixed->n_gpus - 1);
		sim_open_close(&m);
		return rc;
	}
	g = gi >= 0 && gi < SIM_GIS_MAX ? &m.half->gpus[gpu].gi[gi] : NULL;
	if (gi >= 0 &&
	    (!g || !g->generation || ci >= SIM_CIS_MAX || (ci >= 0 && !g->ci[ci].generation)))
		rc = mig_fail(err, MIG_E_NOENT,
			      "GPU %d of machine %s has no such instance; "
			      "'migctl --sim %s status' lists what it has",
			      gpu, name, name);
	else
		sim_image_event(&m.img, &(struct sim_event){ .type = EVENT_XID,
							     .data = code,
							     .gpu = (uint32_t)gpu,
							     .gi = gi,
							     .ci = ci });
	sim_open_close(&m);
	return rc;
}
