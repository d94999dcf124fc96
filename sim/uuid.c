/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/uuid.h"

#include <stdio.h>
#include <string.h>

/* --- SHA-1 ------------------------------------------------------------------------------ */

static uint32_t rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static uint32_t round_function(int t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(uint32_t h[5], const uint8_t block[64])
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (int t = 0; t < 16; t++)
		w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
		       (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
	for (int t = 16; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		uint32_t next = rotate(a, 5) + round_function(t, b, c, d) + e + w[t];

		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sim_sha1(const void *data, size_t len, uint8_t ret[SIM_SHA1_BYTES])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *p = data;
	uint8_t last[128] = { 0 };
	size_t rest = len % 64, end = rest < 56 ? 64 : 128;

	for (size_t i = 0; i + 64 <= len; i += 64)
		add_block(h, p + i);
	memcpy(last, p + (len - rest), rest);
	last[rest] = 0x80;
	for (size_t i = 0; i < 8; i++)
		last[end - 1 - i] = (uint8_t)((uint64_t)len * 8 >> (8 * i));
	for (size_t i = 0; i < end; i += 64)
		add_block(h, last + i);
	for (size_t i = 0; i < SIM_SHA1_BYTES; i++)
		ret[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* --- UUIDs ------------------------------------------------------------------------------ */

static void put_le(uint8_t **p, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		*(*p)++ = (uint8_t)(value >> (8 * i));
}

static void put_bytes(uint8_t **p, const void *bytes, size_t len)
{
	memcpy(*p, bytes, len);
	*p += len;
}

/* By hand: NVML's callers ask for UUIDs by the million. */
static void format(const char *prefix, const uint8_t b[16], char ret[SIM_UUID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	char *p = ret;

	while (*prefix)
		*p++ = *prefix++;
	for (int i = 0; i < 16; i++) {
		if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[b[i] >> 4];
		*p++ = digits[b[i] & 15];
	}
	*p = '\0';
}

void sim_uuid_mig(uint16_t chip, uint64_t pdi, uint32_t gi, uint32_t engine,
		  char ret[SIM_UUID_BYTES])
{
	static const uint8_t space[16] = { 0xc8, 0x16, 0xc9, 0xa3, 0x52, 0x24, 0x56, 0xbf,
					   0x9d, 0x9a, 0xac, 0x7e, 0xa7, 0x03, 0xfb, 0x5b };
	uint8_t message[50], digest[SIM_SHA1_BYTES], *p = message;

	put_bytes(&p, space, sizeof(space));
	put_bytes(&p, "NVIDIA GPU", 10);
	put_le(&p, 0x02, 1);
	put_le(&p, chip, 2);
	put_le(&p, 0x08, 1);
	put_le(&p, pdi, 8);
	put_le(&p, 0x0b, 1);
	put_bytes(&p, "SMC", 3);
	put_le(&p, gi, 4);
	put_le(&p, engine, 4);
	sim_sha1(message, sizeof(message), digest);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	format("MIG", digest, ret);
}

static void hash(uint64_t seed, const char *machine, unsigned index, const char *what,
		 uint8_t ret[SIM_SHA1_BYTES])
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%s %llu %s %u", what, (unsigned long long)seed,
			 machine, index);

	sim_sha1(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1, ret);
}

void sim_uuid_gpu(uint64_t seed, const char *machine, unsigned index, char ret[SIM_UUID_BYTES])
{
	static const uint8_t mark[4] = { 0x00, 0x51, 0x00, 0x00 };
	uint8_t digest[SIM_SHA1_BYTES];

	hash(seed, machine, index, "gpu", digest);
	memcpy(digest, mark, sizeof(mark));
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80); /* version 8: a maker's own */
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	format("GPU", digest, ret);
}

uint64_t sim_uuid_number(uint64_t seed, const char *machine, unsigned index, const char *what)
{
	uint8_t digest[SIM_SHA1_BYTES];
	uint64_t number = 0;

	hash(seed, machine, index, what, digest);
	for (int i = 0; i < 8; i++)
		number = number << 8 | digest[i];
	return number;
}
