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

struct text;
struct yaml_file;

/** mig_config_add_word - @s for YAML: as it is, or in quotes where it would be read otherwise.
 *  mig_config_label_fault() has no fault in it. */
void mig_config_add_word(struct text *t, const char *s);

/** mig_layout_file_new - a layout file without entries; NULL when memory ran out. */
struct mig_layout_file *mig_layout_file_new(const char *name);

/**
 * mig_layout_file_twins - two items that bear one name.
 * @ret:	room for two, by line.
 *
 * Return: 1; 0: there are none. Errors: NOMEM.
 */
int mig_layout_file_twins(const struct mig_layout_file *file,
			  const struct mig_layout_item **ret);

/** mig_layout_gpu_id_ok - could @s be a UUID or a PCI bus id? Which GPU it means, if any, is
 *  asked of a machine. */
bool mig_layout_gpu_id_ok(const char *s);

/* A layout file that is being read. */
struct layout_reader {
	struct yaml_file *yaml;
	struct mig_layout_file *file;
	struct mig_error *err;
	bool is_one_gpu; /* is the entry that is being read one GPU's? */
};

int layout_out_of_memory(const struct layout_reader *r);

/** layout_read_text - an optional key with a text behind it; *@ret stays when it is not there. */
int layout_read_text(const struct layout_reader *r, const struct yaml_node *map,
		     const char *key, const char **ret) MIG_MUST_USE;

/** layout_read_instances - the key "instances" of the entry @map, into @entry. */
int layout_read_instances(const struct layout_reader *r, const struct yaml_node *map,
			  struct mig_layout_entry *entry) MIG_MUST_USE;

#endif
