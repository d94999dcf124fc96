/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi/podresources.proto as tables, and the few lines of protobuf that read them: a message is a row
 * of fields, each a number and a wire type in one varint, then a varint, 4 or 8 bytes, or a length
 * and as many bytes. Every message here is a list of strings and messages.
 */
#include "kubelet/message.h"

#include <stdbool.h>
#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* Two bytes of input are enough for one part, and a part takes a hundred as JSON. */
enum { PARTS_MAX = 1 << 18 };

struct field {
	unsigned number;
	const char *key;
	bool is_repeated;
	const struct field *message; /* NULL: a string */
};

static const struct field claim_device[] = {
	{ 2, "driver", false, NULL },
	{ 3, "pool", false, NULL },
	{ 4, "device", false, NULL },
	{ 0 },
};

static const struct field claim[] = {
	{ 2, "name", false, NULL },
	{ 3, "namespace", false, NULL },
	{ 4, "devices", true, claim_device },
	{ 0 },
};

static const struct field device[] = {
	{ 1, "resource", false, NULL },
	{ 2, "ids", true, NULL },
	{ 0 },
};

static const struct field container[] = {
	{ 1, "name", false, NULL },
	{ 2, "devices", true, device },
	{ 5, "claims", true, claim },
	{ 0 },
};

static const struct field pod[] = {
	{ 1, "name", false, NULL },
	{ 2, "namespace", false, NULL },
	{ 3, "containers", true, container },
	{ 0 },
};

static const struct field response[] = {
	{ 1, "pods", true, pod },
	{ 0 },
};

struct reader {
	const uint8_t *at, *end;
};

/* False: there is none, or it is longer than 64 bits. */
static bool read_varint(struct reader *r, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		const uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* The bytes of a field, which the reader moves behind. */
static bool read_value(struct reader *r, enum wire wire, struct reader *ret)
{
	uint64_t len = 0;

	if (wire == WIRE_VARINT)
		return read_varint(r, &len);
	if (wire == WIRE_64 || wire == WIRE_32)
		len = wire == WIRE_64 ? 8 : 4;
	else if (wire != WIRE_BYTES || !read_varint(r, &len))
		return false;
	if (len > (uint64_t)(r->end - r->at))
		return false;
	*ret = (struct reader){ r->at, r->at + len };
	r->at += len;
	return true;
}

static const struct field *find_field(const struct field *message, uint64_t number)
{
	for (; message->number; message++) {
		if (message->number == number)
			return message;
	}
	return NULL;
}

static int fail_part(struct mig_error *err, const char *key)
{
	return mig_fail(err, MIG_E_SYNTAX, "not what kubelet answers: %s cannot be read", key);
}

static int decode(struct reader r, const struct field *message, const char *key, int *parts,
		  json_t **ret, struct mig_error *err);

static int decode_field(struct reader value, const struct field *f, int *parts, json_t *to,
			struct mig_error *err)
{
	json_t *item = NULL, *list;
	int rc = 0;

	if (++*parts > PARTS_MAX)
		return mig_fail(err, MIG_E_SYNTAX, "more than %d parts", PARTS_MAX);
	if (f->message)
		rc = decode(value, f->message, f->key, parts, &item, err);
	else
		item = json_stringn((const char *)value.at, (size_t)(value.end - value.at));
	if (rc < 0)
		return rc;
	if (!item)
		return fail_part(err, f->key);
	if (!f->is_repeated)
		return json_object_set_new(to, f->key, item) < 0
			       ? mig_fail(err, MIG_E_NOMEM, "decode")
			       : 0;
	list = json_object_get(to, f->key);
	if (!list) {
		list = json_array();
		json_object_set_new(to, f->key, list);
	}
	return json_array_append_new(list, item) < 0 ? mig_fail(err, MIG_E_NOMEM, "decode") : 0;
}

/* As deep as the tables are, and no deeper. */
static int decode(struct reader r, const struct field *message, const char *key, int *parts,
		  json_t **ret, struct mig_error *err)
{
	json_t *to = json_object();
	int rc = to ? 0 : mig_fail(err, MIG_E_NOMEM, "decode");

	while (rc == 0 && r.at < r.end) {
		struct reader value = { 0 };
		const struct field *f;
		uint64_t tag;

		if (!read_varint(&r, &tag) || tag >> 3 == 0 ||
		    !read_value(&r, (enum wire)(tag & 7), &value)) {
			rc = fail_part(err, key);
			break;
		}
		f = find_field(message, tag >> 3);
		if (f && (tag & 7) != WIRE_BYTES)
			rc = fail_part(err, f->key);
		else if (f)
			rc = decode_field(value, f, parts, to, err);
	}
	if (rc < 0)
		json_decref(to);
	else
		*ret = to;
	return rc;
}

int pods_decode(const uint8_t *data, size_t len, json_t **ret, struct mig_error *err)
{
	const struct reader all = { data, data + len };
	json_t *answer, *pods;
	int parts = 0, rc = decode(all, response, "the answer", &parts, &answer, err);

	if (rc < 0)
		return rc;
	pods = json_object_get(answer, "pods");
	*ret = pods ? json_incref(pods) : json_array();
	json_decref(answer);
	return *ret ? 0 : mig_fail(err, MIG_E_NOMEM, "decode");
}
