/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kubelet's pod-resources service: gRPC over HTTP/2 on a unix socket, by nghttp2.
 *
 *	pods_server SOCKET HOW [NAMESPACE POD RESOURCE ID]...
 *
 * Prints "ready" once it listens, serves one connection after the other, and ends when its stdin does.
 * RESOURCE "DRIVER!" is a claim on DRIVER's device ID. HOW is "plain", or a way to answer badly.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

struct bytes {
	uint8_t at[1 << 16];
	size_t n;
};

enum trailers { TRAILERS_OK, TRAILERS_NONE, TRAILERS_REFUSED };

/* How the call is answered. */
struct how {
	const char *name;
	bool is_alone;      /* nothing but headers, with the status of gRPC in them */
	const char *status; /* of HTTP */
	enum trailers trailers;
	uint8_t flag;         /* first byte of the message's frame: compressed or not */
	uint32_t more;        /* that its length says beyond what comes */
	size_t piece;         /* bytes of a DATA frame, and of a write; 0: as it comes */
	const char *raw;      /* no HTTP/2 at all: this, and then */
	bool hangs, hangs_up; /* nothing more, or the end */
	bool is_endless, resets;
};

static const struct how hows[] = {
	{ .name = "plain", .status = "200" },
	{ .name = "pieces", .status = "200", .piece = 3 },
	{ .name = "refused", .status = "200", .is_alone = true, .trailers = TRAILERS_REFUSED },
	{ .name = "failed", .status = "200", .trailers = TRAILERS_REFUSED },
	{ .name = "no-status", .status = "200", .trailers = TRAILERS_NONE },
	{ .name = "not-found", .status = "404", .trailers = TRAILERS_NONE },
	{ .name = "compressed", .status = "200", .flag = 1 },
	{ .name = "too-short", .status = "200", .more = 7 },
	{ .name = "endless", .status = "200", .is_endless = true },
	{ .name = "reset", .status = "200", .resets = true },
	{ .name = "garbage",
	  .raw = "HTTP/1.1 400 Bad Request\r\n\r\nthis is no HTTP/2, whatever is asked" },
	{ .name = "hang", .raw = "", .hangs = true },
	{ .name = "hang-up", .raw = "", .hangs_up = true },
};

/* What a call of gRPC has to say, and that it asks for our method with an empty message. */
static const struct {
	const char *name, *value; /* NULL: digits and "m" */
} wanted[] = {
	{ ":method", "POST" },
	{ ":path", "/v1.PodResourcesLister/List" },
	{ "content-type", "application/grpc" },
	{ "te", "trailers" },
	{ "grpc-timeout", NULL },
};

struct server {
	const struct how *how;
	size_t n_headers; /* of those wanted */
	size_t n_body;
	bool is_empty;       /* nothing but zeros so far */
	struct bytes answer; /* with its frame */
	size_t sent;
	int fd;
};

/* --- protobuf ------------------------------------------------------------------------------- */

static void put_varint(struct bytes *b, size_t n)
{
	for (; n > 0x7f; n >>= 7)
		b->at[b->n++] = (uint8_t)(n | 0x80);
	b->at[b->n++] = (uint8_t)n;
}

static void put(struct bytes *b, unsigned field, const void *data, size_t len)
{
	if (b->n + len + 16 > sizeof(b->at))
		exit(3);
	put_varint(b, field << 3 | 2);
	put_varint(b, len);
	memcpy(b->at + b->n, data, len);
	b->n += len;
}

static void put_text(struct bytes *b, unsigned field, const char *text)
{
	put(b, field, text, strlen(text));
}

/* Numbers that a client need not know, of the other wire types: cpu_ids and a later field. */
static void put_others(struct bytes *b)
{
	b->at[b->n++] = 3 << 3 | 0;
	put_varint(b, 300);
	b->at[b->n++] = 15 << 3 | 1;
	memset(b->at + b->n, 0xee, 8);
	b->n += 8;
	b->at[b->n++] = 14 << 3 | 5;
	memset(b->at + b->n, 0xee, 4);
	b->n += 4;
}

static void put_device(struct bytes *container, const char *resource, const char *id)
{
	static struct bytes device, claim;
	const size_t len = strlen(resource);

	device.n = claim.n = 0;
	if (len > 0 && resource[len - 1] == '!') {
		put(&device, 2, resource, len - 1);
		put_text(&device, 3, "node");
		put_text(&device, 4, id);
		put_text(&claim, 2, "claim");
		put(&claim, 4, device.at, device.n);
		put(container, 5, claim.at, claim.n);
		return;
	}
	put_text(&device, 1, resource);
	put_text(&device, 2, id);
	put(container, 2, device.at, device.n);
}

static void put_pod(struct bytes *b, char **words)
{
	static struct bytes pod, container;

	pod.n = container.n = 0;
	put_text(&container, 1, "main");
	put_device(&container, words[2], words[3]);
	put_others(&container);
	put_text(&pod, 1, words[1]);
	put_text(&pod, 2, words[0]);
	put(&pod, 3, container.at, container.n);
	put(b, 1, pod.at, pod.n);
}

static void frame(struct server *s, const struct bytes *message)
{
	const uint32_t len = (uint32_t)message->n + s->how->more;
	const uint8_t head[] = { s->how->flag, (uint8_t)(len >> 24), (uint8_t)(len >> 16),
				 (uint8_t)(len >> 8), (uint8_t)len };

	memcpy(s->answer.at, head, sizeof(head));
	memcpy(s->answer.at + sizeof(head), message->at, message->n);
	s->answer.n = sizeof(head) + message->n;
}

/* --- HTTP/2 --------------------------------------------------------------------------------- */

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
			     NGHTTP2_NV_FLAG_NONE };
}

static void submit_trailers(nghttp2_session *session, int32_t stream, const struct server *s)
{
	const bool is_ok = s->how->trailers == TRAILERS_OK;
	const nghttp2_nv trailers[] = { header("grpc-status", is_ok ? "0" : "13"),
					header("grpc-message", is_ok ? "" : "it%20broke%0a") };

	nghttp2_submit_trailer(session, stream, trailers, 2);
}

static ssize_t on_read(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
		       uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct server *s = arg;
	size_t n = s->answer.n - s->sent;

	(void)source;
	if (s->how->is_endless) {
		memset(buf, 0, len);
		return (ssize_t)len;
	}
	if (s->how->trailers == TRAILERS_REFUSED)
		n = 0;
	n = n < len ? n : len;
	n = s->how->piece && n > s->how->piece ? s->how->piece : n;
	memcpy(buf, s->answer.at + s->sent, n);
	s->sent += n;
	if (s->sent == s->answer.n || n == 0) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (s->how->trailers != TRAILERS_NONE) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			submit_trailers(session, stream, s);
		}
	}
	return (ssize_t)n;
}

static bool is_right(const char *value, size_t len, const char *want)
{
	if (want)
		return len == strlen(want) && memcmp(value, want, len) == 0;
	return len > 1 && len < 10 && strspn(value, "0123456789") == len - 1 &&
	       value[len - 1] == 'm';
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame_, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t len, uint8_t flags,
		     void *arg)
{
	struct server *s = arg;

	(void)session, (void)frame_, (void)flags;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (name_len == strlen(wanted[i].name) &&
		    memcmp(name, wanted[i].name, name_len) == 0)
			s->n_headers += is_right((const char *)value, len, wanted[i].value);
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
		   size_t len, void *arg)
{
	struct server *s = arg;

	(void)session, (void)flags, (void)stream;
	s->n_body += len;
	for (size_t i = 0; i < len; i++)
		s->is_empty &= data[i] == 0;
	return 0;
}

static void answer(nghttp2_session *session, int32_t stream, struct server *s)
{
	const bool is_asked = s->n_headers == sizeof(wanted) / sizeof(wanted[0]) &&
			      s->n_body == 5 && s->is_empty;
	const nghttp2_data_provider body = { .read_callback = on_read };
	const nghttp2_nv headers[] = { header(":status", is_asked ? s->how->status : "400"),
				       header("content-type", "application/grpc"),
				       header("grpc-status", "12"),
				       header("grpc-message", "unknown service") };

	s->sent = 0;
	if (s->how->resets)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream,
					  NGHTTP2_REFUSED_STREAM);
	else
		nghttp2_submit_response(session, stream, headers, s->how->is_alone ? 4 : 2,
					s->how->is_alone ? NULL : &body);
}

/* The call is whole once the client has ended its half. */
static int on_frame(nghttp2_session *session, const nghttp2_frame *frame_, void *arg)
{
	if ((frame_->hd.type == NGHTTP2_DATA || frame_->hd.type == NGHTTP2_HEADERS) &&
	    frame_->hd.flags & NGHTTP2_FLAG_END_STREAM)
		answer(session, frame_->hd.stream_id, arg);
	return 0;
}

static ssize_t on_send(nghttp2_session *session, const uint8_t *data, size_t len, int flags,
		       void *arg)
{
	const struct server *s = arg;
	const size_t n = s->how->piece && len > s->how->piece ? s->how->piece : len;
	const ssize_t sent = send(s->fd, data, n, MSG_NOSIGNAL);

	(void)session, (void)flags;
	return sent < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : sent;
}

static nghttp2_session *new_session(struct server *s)
{
	const nghttp2_settings_entry settings = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
						  100 };
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_server_new(&session, callbacks, s);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &settings, 1);
	return session;
}

static void wait_for_stdin(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	exit(0);
}

static void serve(struct server *s)
{
	nghttp2_session *session;
	uint8_t buf[4096];
	ssize_t n = 1;

	if (s->how->raw) {
		n = send(s->fd, s->how->raw, strlen(s->how->raw), MSG_NOSIGNAL);
		if (s->how->hangs && n >= 0)
			wait_for_stdin();
		return;
	}
	s->n_headers = s->n_body = 0;
	s->is_empty = true;
	session = new_session(s);
	while (n > 0 && nghttp2_session_send(session) == 0) {
		n = recv(s->fd, buf, sizeof(buf), 0);
		if (n > 0 && nghttp2_session_mem_recv(session, buf, (size_t)n) < 0)
			break;
	}
	nghttp2_session_del(session);
}

/* --- The program ------------------------------------------------------------------------------ */

static int listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 4) < 0) {
		fprintf(stderr, "pods_server: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return fd;
}

static const struct how *find_how(const char *name)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		if (strcmp(hows[i].name, name) == 0)
			return &hows[i];
	}
	fprintf(stderr, "pods_server: %s: no such way to answer\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	static struct server s;
	static struct bytes message;
	struct pollfd ready[2] = { { STDIN_FILENO, POLLIN, 0 }, { -1, POLLIN, 0 } };

	if (argc < 3)
		return 2;
	s.how = find_how(argv[2]);
	for (int i = 3; i + 3 < argc; i += 4)
		put_pod(&message, argv + i);
	frame(&s, &message);
	ready[1].fd = listen_at(argv[1]);
	puts("ready");
	fflush(stdout);
	while (poll(ready, 2, -1) > 0) {
		if (ready[0].revents)
			wait_for_stdin();
		s.fd = accept(ready[1].fd, NULL, NULL);
		if (s.fd < 0)
			continue;
		serve(&s);
		close(s.fd);
	}
	return 0;
}
