/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall clock that jumps by years, back and forth, at every look: preloaded into programs that must
 * not care. What runs since boot goes on as it does.
 */
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t jumped(void)
{
	static const int64_t looks[] = { 4102444800, 1, 1700000000, 951782400, 32503680000, 0 };
	static unsigned n;

	return looks[__atomic_fetch_add(&n, 1, __ATOMIC_RELAXED) %
		     (sizeof(looks) / sizeof(looks[0]))];
}

__attribute__((visibility("default"))) time_t time(time_t *ret)
{
	const time_t now = jumped();

	if (ret)
		*ret = now;
	return now;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, clock, ret);
	*ret = (struct timespec){ .tv_sec = jumped() };
	return 0;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *ret, void *zone)
{
	(void)zone;
	*ret = (struct timeval){ .tv_sec = jumped() };
	return 0;
}
