/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC over HTTP/2, as much as one unary call needs: a POST, a frame of five bytes (not compressed,
 * length) before each message, and the outcome in trailers.
 */
#include "kubelet/call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <nghttp2/nghttp2.h>

#include "shared/cleanup.h"
#include "shared/text.h"

enum { FRAME_BYTES = 5, READ_BYTES = 16384, NAP_NS = 5000000 };

struct state {
	const struct call *call;
	int64_t until_ms;
	int fd;
	nghttp2_session *session;
	size_t sent; /* of the empty message's frame */
	struct text body;
	bool is_closed, is_too_long;
	uint32_t why_closed; /* HTTP/2's own code */
	int http_status;     /* 0: none came */
	long grpc_status;    /* -1: none came */
	char words[256];     /* of it */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int left_ms(const struct state *s)
{
	const int64_t left = s->until_ms - now_ms();

	return left > 0 ? (int)left : 0;
}

static int too_slow(const struct state *s, struct mig_error *err)
{
	return mig_fail(err, MIG_E_IO, "%s: no answer within %d ms", s->call->socket,
			s->call->limit_ms);
}

/* --- What comes -------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9'                 ? c - '0'
	       : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
						    : -1;
}

/* grpc-message: "%XX" stands for what HTTP would not carry. */
static void decode_words(const char *text, size_t len, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		const bool is_coded = text[i] == '%' && i + 2 < len &&
				      digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
		const int c = is_coded ? digit(text[i + 1]) << 4 | digit(text[i + 2]) : text[i];

		i += is_coded ? 2 : 0;
		buf[n++] = c < ' ' || c > '~' ? '?' : (char)c;
	}
	buf[n] = '\0';
}

static long number_of(const uint8_t *value, size_t len)
{
	char text[8];

	if (len == 0 || len >= sizeof(text))
		return -1;
	memcpy(text, value, len);
	text[len] = '\0';
	return text[strspn(text, "0123456789")] ? -1 : strtol(text, NULL, 10);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t len, uint8_t flags,
		     void *arg)
{
	struct state *s = arg;

	(void)session, (void)frame, (void)flags;
	if (name_len == 7 && memcmp(name, ":status", 7) == 0)
		s->http_status = (int)number_of(value, len);
	else if (name_len == 11 && memcmp(name, "grpc-status", 11) == 0)
		s->grpc_status = number_of(value, len);
	else if (name_len == 12 && memcmp(name, "grpc-message", 12) == 0)
		decode_words((const char *)value, len, s->words, sizeof(s->words));
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t len, void *arg)
{
	struct state *s = arg;

	(void)session, (void)flags, (void)stream;
	s->is_too_long = s->body.len + len > s->call->max + FRAME_BYTES;
	if (!s->is_too_long)
		text_add_bytes(&s->body, (const char *)data, len);
	return s->is_too_long || s->body.is_short ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t why, void *arg)
{
	struct state *s = arg;

	(void)session, (void)stream;
	s->is_closed = true;
	s->why_closed = why;
	return 0;
}

/* --- What goes --------------------------------------------------------------------------- */

static ssize_t on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	const struct state *s = arg;
	const ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);

	(void)session, (void)flags;
	if (n >= 0)
		return n;
	/* Whoever hung up may have said why: reading tells. */
	if (errno == EPIPE || errno == ECONNRESET)
		return (ssize_t)len;
	return errno == EAGAIN || errno == EINTR ? NGHTTP2_ERR_WOULDBLOCK
						 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* The frame of an empty message: five zeros. */
static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
		       uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct state *s = arg;
	const size_t n = len < FRAME_BYTES - s->sent ? len : FRAME_BYTES - s->sent;

	(void)session, (void)stream, (void)source;
	memset(buf, 0, n);
	s->sent += n;
	if (s->sent == FRAME_BYTES)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
			     NGHTTP2_NV_FLAG_NONE };
}

/* @limit: how long we wait, as gRPC writes it: "4000m", milliseconds. */
static int submit(struct state *s, const char *limit)
{
	const nghttp2_data_provider body = { .read_callback = on_read };
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "http"),
		header(":path", s->call->method),
		header(":authority", "localhost"),
		header("content-type", "application/grpc"),
		header("te", "trailers"),
		header("grpc-timeout", limit),
		header("user-agent", "migctl"),
	};

	return nghttp2_submit_request(s->session, NULL, headers,
				      sizeof(headers) / sizeof(headers[0]), &body, NULL);
}

/* --- The connection ---------------------------------------------------------------------- */

static int connect_to(struct state *s, struct mig_error *err)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = s->call->socket;

	if (strlen(path) >= sizeof(to.sun_path))
		return mig_fail(err, MIG_E_INVAL, "%s: longer than a socket's name can be",
				path);
	text_copy(to.sun_path, sizeof(to.sun_path), path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return mig_fail(err, MIG_E_IO, "make a socket: %s", strerror(errno));
	/* EAGAIN: more wait there than it has room for. */
	while (connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return mig_fail(err, errno == EACCES ? MIG_E_PERM : MIG_E_IO,
					"connect to %s: %s", path, strerror(errno));
		if (left_ms(s) == 0)
			return too_slow(s, err);
		nanosleep(&nap, NULL);
	}
	return 0;
}

static int start(struct state *s, struct mig_error *err)
{
	nghttp2_session_callbacks *callbacks;
	char limit[32];
	int rc;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return mig_fail(err, MIG_E_NOMEM, "start HTTP/2");
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	snprintf(limit, sizeof(limit), "%dm", s->call->limit_ms);
	rc = nghttp2_session_client_new(&s->session, callbacks, s);
	nghttp2_session_callbacks_del(callbacks);
	if (rc != 0 || nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, NULL, 0) != 0 ||
	    submit(s, limit) < 0)
		return mig_fail(err, MIG_E_NOMEM, "start HTTP/2");
	return 0;
}

/* Return: 1 when there was nothing to read. */
static int receive(struct state *s, struct mig_error *err)
{
	uint8_t buf[READ_BYTES];
	const ssize_t n = recv(s->fd, buf, sizeof(buf), 0);
	ssize_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n < 0)
		return mig_fail(err, MIG_E_IO, "read from %s: %s", s->call->socket,
				strerror(errno));
	if (n == 0)
		return mig_fail(err, MIG_E_IO, "%s: it hung up before it had answered",
				s->call->socket);
	used = nghttp2_session_mem_recv(s->session, buf, (size_t)n);
	if (s->is_too_long)
		return mig_fail(err, MIG_E_SYNTAX, "%s: the answer is longer than %zu bytes",
				s->call->socket, s->call->max);
	if (used < 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s: no HTTP/2: %s", s->call->socket,
				nghttp2_strerror((int)used));
	return 0;
}

static int talk(struct state *s, struct mig_error *err)
{
	while (!s->is_closed) {
		struct pollfd ready = { .fd = s->fd, .events = POLLIN };
		int rc;

		if (left_ms(s) == 0)
			return too_slow(s, err);
		if (nghttp2_session_send(s->session) != 0)
			return mig_fail(err, MIG_E_IO, "write to %s: %s", s->call->socket,
					strerror(errno));
		if (!nghttp2_session_want_read(s->session) &&
		    !nghttp2_session_want_write(s->session))
			return mig_fail(err, MIG_E_SYNTAX, "%s: no HTTP/2 to talk to",
					s->call->socket);
		if (nghttp2_session_want_write(s->session))
			ready.events |= POLLOUT;
		if (poll(&ready, 1, left_ms(s)) < 0 && errno != EINTR)
			return mig_fail(err, MIG_E_IO, "poll: %s", strerror(errno));
		rc = receive(s, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* --- The outcome ------------------------------------------------------------------------- */

static int check_outcome(const struct state *s, struct mig_error *err)
{
	const char *where = s->call->socket;

	if (s->why_closed != NGHTTP2_NO_ERROR)
		return mig_fail(err, MIG_E_IO, "%s: the call was reset: %s", where,
				nghttp2_http2_strerror(s->why_closed));
	if (s->http_status != 200)
		return mig_fail(err, MIG_E_SYNTAX, "%s: answered with HTTP status %d", where,
				s->http_status);
	if (s->grpc_status < 0)
		return mig_fail(err, MIG_E_SYNTAX, "%s: answered without a status of gRPC's",
				where);
	if (s->grpc_status > 0)
		return mig_fail(err, MIG_E_UNSUPPORTED,
				"%s: %s refused with gRPC status %ld%s%s", where,
				s->call->method, s->grpc_status, *s->words ? ": " : "",
				s->words);
	return 0;
}

/* One message that is not compressed, and nothing behind it. */
static int take_message(struct state *s, char **ret, size_t *ret_len, struct mig_error *err)
{
	const unsigned char *frame = (const unsigned char *)text_str(&s->body);
	const size_t len = s->body.len < FRAME_BYTES
				   ? 0
				   : (size_t)frame[1] << 24 | (size_t)frame[2] << 16 |
					     (size_t)frame[3] << 8 | (size_t)frame[4];
	char *message;

	if (s->body.len < FRAME_BYTES || frame[0] != 0 || len != s->body.len - FRAME_BYTES)
		return mig_fail(err, MIG_E_SYNTAX, "%s: %zu bytes that are not one message",
				s->call->socket, s->body.len);
	message = malloc(len + 1);
	if (!message)
		return mig_fail(err, MIG_E_NOMEM, "take the answer");
	memcpy(message, frame + FRAME_BYTES, len);
	message[len] = '\0';
	*ret = message;
	*ret_len = len;
	return 0;
}

int call_run(const struct call *call, char **ret, size_t *ret_len, struct mig_error *err)
{
	struct state s = {
		.call = call, .until_ms = now_ms() + call->limit_ms, .fd = -1, .grpc_status = -1
	};
	int rc = connect_to(&s, err);

	if (rc == 0)
		rc = start(&s, err);
	if (rc == 0)
		rc = talk(&s, err);
	if (rc == 0)
		rc = check_outcome(&s, err);
	if (rc == 0)
		rc = take_message(&s, ret, ret_len, err);
	nghttp2_session_del(s.session);
	text_free(&s.body);
	if (s.fd >= 0)
		close(s.fd);
	return rc;
}
