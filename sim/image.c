/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/image.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/nvml.h"
#include "shared/cleanup.h"
#include "sim/fault.h"
#include "sim/load.h"

enum { HALF_WORDS = sizeof(struct sim_half) / 8 };
enum { EVENT_MIG_CONFIG = 0x100 }; /* nvmlEventMigConfigChange */

/* Lock bytes lie far beyond the file's end, where no byte of it will ever be. */
enum { LOCK_WRITER = 1 << 30, LOCK_HOLDS = LOCK_WRITER + 1 };

/* Halves are read while others write them: word by word, each word atomically. */
typedef uint64_t __attribute__((may_alias)) word;

struct sim_map {
	struct sim_fixed fixed;
	_Alignas(64) uint64_t seq;
	uint32_t has_tree;
	_Alignas(64) word half[2][HALF_WORDS];
	_Alignas(64) struct sim_faults faults;
	_Alignas(64) struct sim_events events;
};

static_assert(offsetof(struct sim_fixed, types) + SIM_SPECS_MAX * sizeof(struct sim_type) ==
		      sizeof(struct sim_fixed),
	      "types stand last");
static_assert(sizeof(struct sim_half) % 8 == 0, "a half is whole words");
static_assert(offsetof(struct sim_half, holds) % 8 == 0, "holds begin at a word");
static_assert(offsetof(struct sim_half, gpus) % 8 == 0, "GPUs begin at a word");
static_assert(sizeof(struct sim_hold) % 8 == 0, "a hold is whole words");
static_assert(sizeof(struct sim_gpu_state) % 8 == 0, "a GPU's state is whole words");
static_assert(offsetof(struct sim_half, meters) % 8 == 0, "meters begin at a word");
static_assert(sizeof(struct sim_meter) % 8 == 0, "a meter is whole words");
static_assert(sizeof(struct sim_event) % 8 == 0, "an event is whole words");

/* --- Copying ---------------------------------------------------------------------------- */

/* Acquire and release on every word, where a fence before and after would do: the same
 * instructions on x86, and ThreadSanitizer knows no fences. A reader that sees one word of
 * a later state also sees that seq has moved. */
static void load_words(word *dst, const word *src, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		dst[i] = __atomic_load_n(&src[i], __ATOMIC_ACQUIRE);
}

static void store_words(word *dst, const word *src, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		__atomic_store_n(&dst[i], src[i], __ATOMIC_RELEASE);
}

static size_t holds_end(uint32_t n_holds)
{
	return (offsetof(struct sim_half, holds) + n_holds * sizeof(struct sim_hold)) / 8;
}

static size_t gpus_begin(void)
{
	return offsetof(struct sim_half, gpus) / 8;
}

static size_t gpus_end(const struct sim_image *img)
{
	return gpus_begin() + img->fixed->n_gpus * sizeof(struct sim_gpu_state) / 8;
}

static size_t meter_at(uint32_t gpu)
{
	return (offsetof(struct sim_half, meters) + gpu * sizeof(struct sim_meter)) / 8;
}

uint64_t sim_image_seq(const struct sim_image *img)
{
	return __atomic_load_n(&img->map->seq, __ATOMIC_ACQUIRE);
}

int sim_image_read(const struct sim_image *img, struct sim_half *ret, uint64_t *ret_seq,
		   struct mig_error *err)
{
	const char *why;
	uint64_t seq, seq_after = sim_image_seq(img);

	do {
		const word *half = img->map->half[seq_after & 1];

		seq = seq_after;
		load_words((word *)ret, half, 0, holds_end(0));
		if (ret->n_holds <= SIM_TENANTS_MAX) {
			load_words((word *)ret, half, holds_end(0), holds_end(ret->n_holds));
			load_words((word *)ret, half, gpus_begin(), gpus_end(img));
			load_words((word *)ret, half, meter_at(0),
				   meter_at(img->fixed->n_gpus));
		}
		seq_after = sim_image_seq(img);
	} while (seq != seq_after);

	if (!sim_half_is_sound(img->fixed, ret, &why))
		return mig_fail(err, MIG_E_MACHINE,
				"machine %s is damaged: %s; remove it and make it anew",
				img->fixed->name, why);
	*ret_seq = seq;
	return 0;
}

/* --- The tree ------------------------------------------------------------------------------ */

int sim_image_mark_tree(const struct sim_image *img, struct mig_error *err)
{
	int rc;

	if (sim_image_has_tree(img))
		return 0;
	rc = sim_image_lock(img, err);
	if (rc < 0)
		return rc;
	__atomic_store_n(&img->map->has_tree, 1, __ATOMIC_RELEASE);
	sim_image_unlock(img);
	return 0;
}

bool sim_image_has_tree(const struct sim_image *img)
{
	return __atomic_load_n(&img->map->has_tree, __ATOMIC_ACQUIRE) != 0;
}

/* --- Events ----------------------------------------------------------------------------- */

uint32_t sim_image_n_events(const struct sim_image *img)
{
	return __atomic_load_n(&img->map->events.n, __ATOMIC_ACQUIRE);
}

const uint32_t *sim_image_event_word(const struct sim_image *img)
{
	return &img->map->events.n;
}

void sim_image_event(const struct sim_image *img, const struct sim_event *event)
{
	struct sim_events *events = &img->map->events;
	const uint32_t n = sim_image_n_events(img);

	store_words((word *)&events->of[n % SIM_EVENTS_MAX], (const word *)event, 0,
		    sizeof(*event) / 8);
	__atomic_store_n(&events->n, n + 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &events->n, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

bool sim_image_get_event(const struct sim_image *img, uint32_t number, struct sim_event *ret)
{
	const struct sim_events *events = &img->map->events;

	load_words((word *)ret, (const word *)&events->of[number % SIM_EVENTS_MAX], 0,
		   sizeof(*ret) / 8);
	/* The one that is being written next is in the slot of the oldest. */
	return sim_image_n_events(img) - number - 1 < SIM_EVENTS_MAX - 1 &&
	       ret->gpu < img->fixed->n_gpus;
}

static void tell_changes(const struct sim_image *img, const struct sim_half *next,
			 const word *before)
{
	for (uint32_t i = 0; i < img->fixed->n_gpus; i++) {
		const size_t first = gpus_begin() + i * sizeof(struct sim_gpu_state) / 8;
		struct sim_gpu_state was;

		load_words((word *)&was, before + first, 0, sizeof(was) / 8);
		if (was.mode != next->gpus[i].mode ||
		    memcmp(was.gi, next->gpus[i].gi, sizeof(was.gi)) != 0)
			sim_image_event(img, &(struct sim_event){ .type = EVENT_MIG_CONFIG,
								  .gpu = i,
								  .gi = -1,
								  .ci = -1 });
	}
}

/* --- Publishing ------------------------------------------------------------------------- */

static void run_meters(const struct sim_image *img, const struct sim_half *next,
		       const word *before, word *half)
{
	const uint64_t now = sim_load_now();
	word first; /* the boot stands in it */
	uint32_t boot;

	load_words(&first, before, 0, 1);
	memcpy(&boot, &first, sizeof(boot));
	for (uint32_t i = 0; i < img->fixed->n_gpus; i++) {
		struct sim_meter meter = { .since_us = now };

		if (boot == next->boot) /* a reboot begins anew */
			load_words((word *)&meter, before + meter_at(i), 0, sizeof(meter) / 8);
		sim_meter_advance(&meter, now);
		sim_meter_set(&meter, img->fixed, next, (int)i);
		store_words(half + meter_at(i), (const word *)&meter, 0, sizeof(meter) / 8);
	}
}

void sim_image_publish(const struct sim_image *img, const struct sim_half *next)
{
	uint64_t seq = sim_image_seq(img) + 1;
	word *half = img->map->half[seq & 1];

	store_words(half, (const word *)next, 0, holds_end(next->n_holds));
	store_words(half, (const word *)next, gpus_begin(), gpus_end(img));
	run_meters(img, next, img->map->half[~seq & 1], half);
	__atomic_store_n(&img->map->seq, seq, __ATOMIC_RELEASE);
	tell_changes(img, next, img->map->half[~seq & 1]);
}

struct sim_faults *sim_image_faults(const struct sim_image *img)
{
	return &img->map->faults;
}

/* --- Locks ------------------------------------------------------------------------------ */

static int lock_byte(int fd, int cmd, short type, off_t byte, struct flock *ret)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
	};
	int rc;

	do
		rc = fcntl(fd, cmd, &lock);
	while (rc < 0 && errno == EINTR);
	if (ret)
		*ret = lock;
	return rc;
}

int sim_image_lock(const struct sim_image *img, struct mig_error *err)
{
	if (!img->is_writable)
		return mig_fail(err, MIG_E_PERM, "machine %s is not writable for this user",
				img->fixed->name);
	if (lock_byte(img->fd, F_OFD_SETLKW, F_WRLCK, LOCK_WRITER, NULL) < 0)
		return mig_fail(err, MIG_E_IO, "lock machine %s: %s", img->fixed->name,
				strerror(errno));
	return 0;
}

void sim_image_unlock(const struct sim_image *img)
{
	lock_byte(img->fd, F_OFD_SETLK, F_UNLCK, LOCK_WRITER, NULL);
}

bool sim_image_is_held(const struct sim_image *img, unsigned hold)
{
	struct flock found;

	/* A question that cannot be asked is answered with "held": nothing held is destroyed. */
	if (lock_byte(img->fd, F_OFD_GETLK, F_WRLCK, (off_t)LOCK_HOLDS + hold, &found) < 0)
		return true;
	return found.l_type != F_UNLCK;
}

bool sim_image_hold(int fd, unsigned hold)
{
	return lock_byte(fd, F_OFD_SETLK, F_WRLCK, (off_t)LOCK_HOLDS + hold, NULL) == 0;
}

void sim_image_release(int fd, unsigned hold)
{
	lock_byte(fd, F_OFD_SETLK, F_UNLCK, (off_t)LOCK_HOLDS + hold, NULL);
}

bool sim_image_is_privileged(const struct sim_image *img)
{
	uid_t me = geteuid();

	return me == 0 || (me == img->owner && !img->fixed->is_strict);
}

/* --- Opening ---------------------------------------------------------------------------- */

static int check_header(const struct sim_fixed *f, const struct stat *st, const char *path,
			struct mig_error *err)
{
	if (memcmp(f->magic, SIM_IMAGE_MAGIC, sizeof(f->magic)) != 0)
		return mig_fail(err, MIG_E_MACHINE, "%s is not a simulated machine", path);
	if (f->version != SIM_IMAGE_VERSION) {
		mig_fail(err, MIG_E_MACHINE,
			 "%s is of version %u and this simulator of version %d; "
			 "remove it and make it anew",
			 path, f->version, SIM_IMAGE_VERSION);
		if (err)
			err->nvml = NVML_ERROR_LIB_RM_VERSION_MISMATCH;
		return -MIG_E_MACHINE;
	}
	if (f->image_bytes != sizeof(struct sim_map) || f->fixed_bytes != sizeof(*f) ||
	    f->half_bytes != sizeof(struct sim_half))
		return mig_fail(err, MIG_E_MACHINE,
				"%s was made by a simulator of another build; "
				"remove it and make it anew",
				path);
	if (st->st_size != (off_t)sizeof(struct sim_map))
		return mig_fail(err, MIG_E_MACHINE,
				"%s has %lld bytes instead of %zu: it was cut or grown; "
				"remove it and make it anew",
				path, (long long)st->st_size, sizeof(struct sim_map));
	return 0;
}

/* A private copy: what was checked stays what it was. Of the types only those there are, which
 * stand last: most machines have one, and the rest is most of the bytes. */
static int read_fixed(int fd, const struct stat *st, const char *path, struct sim_fixed **ret,
		      struct mig_error *err)
{
	const size_t head = offsetof(struct sim_fixed, types);
	cleanup_free struct sim_fixed *fixed = calloc(1, sizeof(*fixed));
	const char *why;
	ssize_t n;
	int rc;

	if (!fixed)
		return mig_fail(err, MIG_E_NOMEM, "open %s: out of memory", path);
	n = pread(fd, fixed, head, 0);
	if (n < (ssize_t)offsetof(struct sim_fixed, id))
		return mig_fail(err, MIG_E_MACHINE, "%s is not a simulated machine", path);
	rc = check_header(fixed, st, path, err);
	if (rc < 0)
		return rc;
	if (fixed->n_types <= SIM_SPECS_MAX &&
	    pread(fd, fixed->types, fixed->n_types * sizeof(fixed->types[0]), (off_t)head) < 0)
		return mig_fail(err, MIG_E_IO, "read %s: %s", path, strerror(errno));
	if (!sim_fixed_is_sound(fixed, &why))
		return mig_fail(err, MIG_E_MACHINE,
				"%s is damaged: %s; remove it and make it anew", path, why);
	*ret = take(fixed);
	return 0;
}

/* Not where a standard stream was: what a program prints there would go into the file. */
static int above_streams(int fd)
{
	int higher;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return higher;
}

static int open_file(const char *path, bool *ret_writable)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	*ret_writable = fd >= 0;
	if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* or a FIFO waits */
	return above_streams(fd);
}

static int fail_open(const char *path, struct mig_error *err)
{
	int code = MIG_E_IO;

	if (errno == ENOENT || errno == ENOTDIR)
		code = MIG_E_NOENT;
	else if (errno == EACCES || errno == EPERM)
		code = MIG_E_PERM;
	return mig_fail(err, code, "open %s: %s", path, strerror(errno));
}

int sim_image_open(const char *path, struct sim_image *ret, struct mig_error *err)
{
	bool is_writable;
	cleanup_close int fd = open_file(path, &is_writable);
	cleanup_free struct sim_fixed *fixed = NULL;
	struct stat st;
	void *map;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_open(path, err);
	if (!S_ISREG(st.st_mode))
		return mig_fail(err, MIG_E_MACHINE, "%s is not a file", path);
	rc = read_fixed(fd, &st, path, &fixed, err);
	if (rc < 0)
		return rc;
	map = mmap(NULL, sizeof(struct sim_map),
		   is_writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return mig_fail(err, MIG_E_IO, "map %s: %s", path, strerror(errno));
	*ret = (struct sim_image){ .fd = fd,
				   .is_writable = is_writable,
				   .owner = st.st_uid,
				   .pid = getpid(),
				   .map = map,
				   .fixed = take(fixed) };
	fd = -1;
	return 0;
}

void sim_image_close(struct sim_image *img)
{
	if (img->map)
		munmap(img->map, sizeof(*img->map));
	if (img->fd >= 0)
		close(img->fd);
	free(img->fixed);
	*img = (struct sim_image){ .fd = -1 };
}

int sim_image_own(struct sim_image *img)
{
	char path[32];
	int fd;

	/* Through the descriptor, not the name: the machine may have been removed meanwhile
	 * and another one may bear its name. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", img->fd);
	fd = above_streams(open(path, (img->is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC));
	if (fd < 0)
		return -MIG_E_IO;
	close(img->fd);
	img->fd = fd;
	img->pid = getpid();
	return 0;
}

/* --- Making ----------------------------------------------------------------------------- */

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static void start_meters(const struct sim_fixed *fixed, const struct sim_half *first,
			 struct sim_meter *meters)
{
	for (uint32_t i = 0; i < fixed->n_gpus; i++) {
		meters[i].since_us = sim_load_now();
		sim_meter_set(&meters[i], fixed, first, (int)i);
	}
}

int sim_image_create(const char *path, struct sim_fixed *fixed, struct mig_error *err)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	cleanup_free struct sim_map *map =
		aligned_alloc(_Alignof(struct sim_map), sizeof(*map));
	static const struct sim_half first = { .boot = 1 };

	if (fd < 0)
		return mig_fail(err, MIG_E_IO, "create %s: %s", path, strerror(errno));
	if (!map)
		return mig_fail(err, MIG_E_NOMEM, "create %s: out of memory", path);
	memset(map, 0, sizeof(*map));
	memcpy(fixed->magic, SIM_IMAGE_MAGIC, sizeof(fixed->magic));
	fixed->version = SIM_IMAGE_VERSION;
	fixed->image_bytes = sizeof(*map);
	fixed->fixed_bytes = sizeof(*fixed);
	fixed->half_bytes = sizeof(struct sim_half);
	memcpy(&map->fixed, fixed, sizeof(*fixed));
	memcpy(map->half[0], &first, sizeof(first));
	memcpy((char *)map->half[0] + offsetof(struct sim_half, settle_ms), &fixed->settle_ms,
	       sizeof(fixed->settle_ms));
	start_meters(fixed, &first, (void *)((char *)map->half[0] + 8 * meter_at(0)));
	if (write_all(fd, map, sizeof(*map)) < 0 || fsync(fd) < 0)
		return mig_fail(err, MIG_E_IO, "write %s: %s", path, strerror(errno));
	return 0;
}
