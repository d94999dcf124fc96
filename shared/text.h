/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, and text that is cut to a buffer. */
#ifndef SHARED_TEXT_H
#define SHARED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mig/error.h>

/* A string being built. Zero-initialised is empty. Once memory runs out it stays as it is
 * and is_short is true: check once, at the end. */
struct text {
	char *s; /* NUL-terminated, or NULL while empty; text_free() it */
	size_t len, room;
	bool is_short;
};

void text_add(struct text *t, const char *fmt, ...) MIG_PRINTF(2, 3);
void text_add_bytes(struct text *t, const char *s, size_t len);
void text_pad(struct text *t, size_t columns); /* spaces up to that many bytes in all */
const char *text_str(const struct text *t);    /* "" while empty */
void text_free(struct text *t);

/** text_copy - @src into @dst of @size bytes, cut if need be, always ended. Returns @dst. */
char *text_copy(char *dst, size_t size, const char *src);

/** text_append - printf at the end of what @dst of @size bytes holds, cut if need be. */
void text_append(char *dst, size_t size, const char *fmt, ...) MIG_PRINTF(3, 4);

/** text_parse_u64 - all of @s as a decimal or 0x number. false: it is none. */
bool text_parse_u64(const char *s, uint64_t *ret);

/** text_bytes - a size for people, "79.2 GiB", "640 MiB". Returns @buf. */
char *text_bytes(uint64_t bytes, char *buf, size_t size);

/** text_parse_bytes - "6GiB", "512MiB", "4096", "1.5GiB". false: it is none. */
bool text_parse_bytes(const char *s, uint64_t *ret);

/** text_is_bus_id - does @s mean the PCI device that NVML calls @bus, "00000000:07:00.0"? The
 *  kernel writes "0000:07:00.0" for it, and lspci "07:00.0". */
bool text_is_bus_id(const char *s, const char *bus);

/** text_distance - the edit distance of two words, for "did you mean"; case is ignored. */
unsigned text_distance(const char *a, const char *b);

#endif
