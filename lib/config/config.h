/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of this room. */
#ifndef LIB_CONFIG_CONFIG_H
#define LIB_CONFIG_CONFIG_H

#include <mig/config.h>

struct arena;
struct yaml_node;

/* "1c.3g.40gb+me": c 1, g 3, gb 40, attributes "+me". */
struct mig_config_profile {
	unsigned c, g, gb;      /* c equals g when the name does not say it */
	const char *attributes; /* into the name that was read; "" for none */
};

/** mig_config_profile_read - take a profile's name apart. Return: NULL, or what is wrong. */
const char *mig_config_profile_read(const char *name, struct mig_config_profile *ret);

/** mig_config_label_fault - NULL, or why @label cannot be a label. */
const char *mig_config_label_fault(const char *label);

/** mig_config_is_null - "key:" with nothing behind it, or null: to mig-parted, no such key. */
bool mig_config_is_null(const struct yaml_node *node);

/** mig_config_room - @n times @size zero bytes in @memory, or NULL; never NULL for nothing. */
void *mig_config_room(struct arena *memory, size_t n, size_t size);

/** mig_config_string - @s in @memory, or NULL. */
const char *mig_config_string(struct arena *memory, const char *s);

/** mig_config_new - a config without labels; NULL when memory ran out. */
struct mig_config *mig_config_new(const char *name);

/** mig_config_copy - @s in memory of @cfg; NULL when memory ran out. */
const char *mig_config_copy(struct mig_config *cfg, const char *s);

/** mig_config_alloc - @n times @size zero bytes in memory of @cfg; NULL when memory ran out. */
void *mig_config_alloc(struct mig_config *cfg, size_t n, size_t size);

#endif
