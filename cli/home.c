/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of the machine that was chosen: its record, and the names in it. */
#include "cli/home.h"

int cli_home(struct cli *cli, const struct mig_snapshot *snap, const struct mig_home **ret,
	     struct mig_error *err)
{
	int rc = cli->has_home ? 0 : mig_home_of(cli->machine, snap, &cli->home, err);

	if (rc < 0)
		return rc;
	cli->has_home = true;
	*ret = &cli->home;
	return 0;
}

int cli_ref(struct cli *cli, const struct mig_snapshot *snap, const char *text,
	    struct mig_ref *ret, bool *ret_is_index, struct mig_error *err)
{
	const struct mig_home *home;
	struct mig_record rec;
	int rc;

	/* What may be a name is nothing else. */
	if (!mig_instance_name_ok(text))
		return mig_ref_parse(snap, text, ret, ret_is_index, err);
	rc = cli_home(cli, snap, &home, err);
	if (rc == 0)
		rc = mig_record_read_names(home, &rec, err);
	if (rc < 0)
		return rc;
	rc = mig_record_find(&rec, home, snap, text, ret, err);
	mig_record_free(&rec);
	if (rc == 0 && ret_is_index)
		*ret_is_index = false;
	return rc;
}
