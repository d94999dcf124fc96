/* SPDX-License-Identifier: Apache-2.0 */
/* migctl sim scenario - a list of mishaps with times, played on a simulated machine. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/sim_report.h"
#include "shared/cleanup.h"
#include "shared/file.h"
#include "sim/inject.h"
#include "sim/machine.h"

static void wait_until(const struct timespec *begin, uint64_t t_ns)
{
	const uint64_t ns = (uint64_t)begin->tv_nsec + t_ns;
	const struct timespec t = { .tv_sec = begin->tv_sec + (time_t)(ns / 1000000000),
				    .tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int play(struct cli *cli, const struct sim_scenario *sc, struct mig_error *err)
{
	char text[2 * SIM_SPEC_MAX + 32];
	struct timespec begin;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < sc->n; i++) {
		const struct sim_scenario_step *s = &sc->steps[i];

		wait_until(&begin, s->t_ns);
		rc = sim_scenario_step_run(cli->sim_dir, cli->argv[0], s, err);
		if (rc < 0)
			return mig_wrap(err, rc, "%s:%d", cli->argv[1], s->line);
		fprintf(stderr, "%.3f s: %s\n", (double)s->t_ns / 1e9,
			sim_scenario_step_format(s, text, sizeof(text)));
	}
	return 0;
}

static int run_scenario(struct cli *cli, struct mig_error *err)
{
	cleanup_free char *text = NULL;
	struct sim_summary summary;
	struct sim_scenario sc;
	char deed[64];
	int rc = sim_machine_summary(cli->sim_dir, cli->argv[0], &summary, err);

	if (rc == 0)
		rc = mig_file_read(cli->argv[1], &text, err);
	if (rc == 0)
		rc = sim_scenario_parse(text, cli->argv[1], &sc, err);
	if (rc < 0)
		return rc;
	rc = play(cli, &sc, err);
	snprintf(deed, sizeof(deed), "%d line%s played", sc.n, sc.n == 1 ? "" : "s");
	sim_scenario_free(&sc);
	return rc < 0 ? rc : sim_report(cli, deed, err);
}

extern const struct verb verb_sim_scenario;

const struct verb verb_sim_scenario = {
	.name = "sim scenario",
	.operands = "NAME FILE",
	.summary = "play a list of mishaps on a simulated machine",
	.text = "The file has a line for each: \"at TIME\" since the beginning, which may be left "
		"out for the time of the line before, and what is to happen: fault SPEC, clear "
		"[CALL], latency published|none, settle MS, lost GPU, back GPU, xid GPU CODE, "
		"reset [GPU] or reboot. \"#\" begins a comment. All of it is checked before "
		"the first line is played; the command ends after the last.",
	.example = SIM_SCENARIO_EXAMPLE,
	.min_operands = 2,
	.max_operands = 2,
	.run = run_scenario,
};
