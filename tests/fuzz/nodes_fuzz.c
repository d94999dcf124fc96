/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is accepted as a node list has nodes, each of them within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "cli/plan/nodes.h"

#define CHECK(expr)              \
	do {                     \
		if (!(expr))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct node_list list = { 0 };
	struct mig_error err = { 0 };

	if (node_list_parse((const char *)data, size, "fuzz", &list, &err) < 0) {
		CHECK(list.n == 0 && list.nodes == NULL && err.msg[0] != '\0');
		return 0;
	}
	CHECK(list.n > 0);
	for (size_t i = 0; i < list.n; i++) {
		const struct node *node = &list.nodes[i];

		CHECK(node->name[0] && memchr(node->name, '\0', sizeof(node->name)));
		CHECK(memchr(node->gpu_type, '\0', sizeof(node->gpu_type)));
		CHECK(node->gpus >= 1 && node->gpus <= NODE_GPUS_MAX);
		CHECK(node->count >= 1 && (node->is_many || node->count == 1));
		CHECK(node->uusd_per_h >= -1);
	}
	node_list_free(&list);
	return 0;
}
